// What the product and the Functions host read. docs/deploy.md lists the settings that are left to their defaults.
//
// Written only once App Service Authentication stands in front of the app: from the last of them on the app trusts
// the header that names a caller, and without Easy Auth anybody can send it.

param functionAppName string
param identityClientId string
param blobEndpoint string
param queueEndpoint string
param tableEndpoint string
param queueName string
param telemetryConnectionString string
param probeProxy string

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    AzureWebJobsStorage__blobServiceUri: blobEndpoint
    AzureWebJobsStorage__queueServiceUri: queueEndpoint
    AzureWebJobsStorage__tableServiceUri: tableEndpoint
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    AZURE_CLIENT_ID: identityClientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: telemetryConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    // Refused by the Functions host before the app reads it: 1 MiB, the most that Event Grid sends at once.
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1048576'
    SWITCHYARD_QUEUE: queueName
    SWITCHYARD_SWEEP_SCHEDULE: '*/15 * * * * *'
    SWITCHYARD_OUTBOX_SCHEDULE: '30 * * * * *'
    SWITCHYARD_RETENTION_SCHEDULE: '0 17 3 * * *'
    SWITCHYARD_PROBE_PROXY: probeProxy
    SWITCHYARD_TRUST_EASY_AUTH: 'true'
  }
}
