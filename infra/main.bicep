// Switchyard itself: one function app with its storage, identity and telemetry, in one resource group.
//
// It holds no right on any fleet. Those come after the code has been published: roles.bicep once per
// subscription, fleet.bicep once per fleet. docs/deploy.md walks through all of it.

@description('Names every resource. Letters, digits and hyphens.')
@minLength(3)
@maxLength(20)
param name string = 'switchyard'

@description('Region of everything. Choose one that is not the fleets\' own, so that one outage cannot take both.')
param location string = resourceGroup().location

@description('Redundancy of the storage account that remembers every rollout.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

@description('Creates a custom topic for notifications. A fleet file names its endpoint as the notification topic.')
param hasNotificationTopic bool = true

@description('Subnet for outbound traffic, delegated to Microsoft.App/environments. Private fleets need one: gates probe private addresses.')
param subnetId string = ''

@description('HTTP proxy for the gates\' own requests. Empty: none.')
param probeProxy string = ''

@description('Client id of the Entra application in front of the API: nobody gets in without a token for it.')
@minLength(36)
@maxLength(36)
param entraClientId string

@description('Client ids of the applications whose tokens people bring. The default is the Azure CLI.')
param entraCallerClientIds array = ['04b07795-8ddb-461a-bbee-02f9e1bf7b46']

@description('Instances kept warm for HTTP. A cold start is rollback latency.')
@minValue(0)
param httpInstancesReady int = 1

@description('Instances kept warm for the queue function that advances fleets.')
@minValue(0)
param advanceInstancesReady int = 1

@description('Days that telemetry is kept. The audit trail is kept in storage, without an end.')
@minValue(30)
@maxValue(730)
param telemetryDays int = 90

param tags object = {}

module identity 'modules/identity.bicep' = {
  name: 'switchyard-identity'
  params: {
    name: 'id-${name}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'switchyard-storage'
  params: {
    name: 'st${take(toLower(replace(name, '-', '')), 9)}${uniqueString(resourceGroup().id)}'
    location: location
    sku: storageSku
    principalId: identity.outputs.principalId
    tags: tags
  }
}

module telemetry 'modules/telemetry.bicep' = {
  name: 'switchyard-telemetry'
  params: {
    name: name
    location: location
    retentionDays: telemetryDays
    principalId: identity.outputs.principalId
    tags: tags
  }
}

module app 'modules/app.bicep' = {
  name: 'switchyard-app'
  params: {
    name: 'func-${name}-${uniqueString(resourceGroup().id)}'
    planName: 'plan-${name}'
    location: location
    identityId: identity.outputs.id
    blobEndpoint: storage.outputs.blobEndpoint
    packageContainerName: storage.outputs.packageContainerName
    subnetId: subnetId
    httpInstancesReady: httpInstancesReady
    advanceInstancesReady: advanceInstancesReady
    tags: tags
  }
}

module easyAuth 'modules/easy-auth.bicep' = {
  name: 'switchyard-easy-auth'
  params: {
    functionAppName: app.outputs.name
    clientId: entraClientId
    callerClientIds: entraCallerClientIds
  }
}

// After Easy Auth: where that fails, the app has no storage and no trust, and so serves nobody.
module appSettings 'modules/app-settings.bicep' = {
  name: 'switchyard-app-settings'
  params: {
    functionAppName: app.outputs.name
    identityClientId: identity.outputs.clientId
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    queueName: storage.outputs.queueName
    telemetryConnectionString: telemetry.outputs.connectionString
    probeProxy: probeProxy
  }
  dependsOn: [
    easyAuth
  ]
}

module topic 'modules/topic.bicep' = if (hasNotificationTopic) {
  name: 'switchyard-topic'
  params: {
    name: 'evgt-${name}-${uniqueString(resourceGroup().id)}'
    location: location
    principalId: identity.outputs.principalId
    tags: tags
  }
}

output functionAppName string = app.outputs.name
output address string = app.outputs.address
output identityName string = identity.outputs.name
output principalId string = identity.outputs.principalId
output storageAccountName string = storage.outputs.name
output notificationTopic string = hasNotificationTopic ? topic!.outputs.endpoint : ''
