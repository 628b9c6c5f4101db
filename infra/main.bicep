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

@description('Client id of the Entra application of people who give commands. Empty: keys alone, and a name that is only claimed.')
param entraClientId string = ''

@description('Client ids of the applications whose tokens are accepted, such as the Azure CLI.')
param entraCallerClientIds array = []

@description('Asks the alert webhook for an Entra token beside its key. Needs entraClientId and a secure webhook in the action group.')
param hasSecureAlerts bool = false

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
    identityClientId: identity.outputs.clientId
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    packageContainerName: storage.outputs.packageContainerName
    queueName: storage.outputs.queueName
    telemetryConnectionString: telemetry.outputs.connectionString
    hasEasyAuth: !empty(entraClientId)
    subnetId: subnetId
    probeProxy: probeProxy
    httpInstancesReady: httpInstancesReady
    advanceInstancesReady: advanceInstancesReady
    tags: tags
  }
}

module easyAuth 'modules/easy-auth.bicep' = if (!empty(entraClientId)) {
  name: 'switchyard-easy-auth'
  params: {
    functionAppName: app.outputs.name
    clientId: entraClientId
    callerClientIds: entraCallerClientIds
    hasSecureAlerts: hasSecureAlerts
  }
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
