// The function app on the Flex Consumption plan, Python 3.13. Every setting below is one that the product or the
// Functions host reads; docs/deploy.md lists those that are left to their defaults.

param name string
param planName string
param location string
param identityId string
param identityClientId string
param blobEndpoint string
param queueEndpoint string
param tableEndpoint string
param packageContainerName string
param queueName string
param telemetryConnectionString string
param hasEasyAuth bool
param subnetId string
param probeProxy string
param httpInstancesReady int
param advanceInstancesReady int
param tags object

var always = [
  {
    name: 'http'
    instanceCount: httpInstancesReady
  }
  {
    name: 'function:advance'
    instanceCount: advanceInstancesReady
  }
]

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobEndpoint}${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        // An instance count of zero is said by leaving the group out.
        alwaysReady: filter(always, each => each.instanceCount > 0)
        instanceMemoryMB: 2048
        maximumInstanceCount: 40
        triggers: {
          http: {
            // Python's default is 1. The handlers are asynchronous and wait for Azure far more than they compute.
            perInstanceConcurrency: 16
          }
        }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: [
        {
          name: 'AzureWebJobsStorage__blobServiceUri'
          value: blobEndpoint
        }
        {
          name: 'AzureWebJobsStorage__queueServiceUri'
          value: queueEndpoint
        }
        {
          name: 'AzureWebJobsStorage__tableServiceUri'
          value: tableEndpoint
        }
        {
          name: 'AzureWebJobsStorage__credential'
          value: 'managedidentity'
        }
        {
          name: 'AzureWebJobsStorage__clientId'
          value: identityClientId
        }
        {
          name: 'AZURE_CLIENT_ID'
          value: identityClientId
        }
        {
          name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
          value: telemetryConnectionString
        }
        {
          name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
          value: 'ClientId=${identityClientId};Authorization=AAD'
        }
        {
          // Refused by the Functions host before the app reads it: 1 MiB, the most that Event Grid sends at once.
          name: 'FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'
          value: '1048576'
        }
        {
          name: 'SWITCHYARD_QUEUE'
          value: queueName
        }
        {
          name: 'SWITCHYARD_SWEEP_SCHEDULE'
          value: '*/15 * * * * *'
        }
        {
          name: 'SWITCHYARD_OUTBOX_SCHEDULE'
          value: '30 * * * * *'
        }
        {
          name: 'SWITCHYARD_PROBE_PROXY'
          value: probeProxy
        }
        {
          // Follows Easy Auth and cannot be set alone: without Easy Auth anybody can send the header that it trusts.
          name: 'SWITCHYARD_TRUST_EASY_AUTH'
          value: hasEasyAuth ? 'true' : 'false'
        }
      ]
    }
  }
}

// Publishing goes through Azure Resource Manager with a person's or a pipeline's own token, never with a password.
resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource noScmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

output name string = app.name
output address string = 'https://${app.properties.defaultHostName}'
