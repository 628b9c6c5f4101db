// Where the platform team publishes its own releases, as CloudEvents `Switchyard.ClusterVersionPublished`. A fleet
// that follows the platform channel starts a rollout on them, so only the named identities may send.

param name string
param location string = resourceGroup().location
param switchyardGroup string
param switchyardSubscriptionId string = subscription().subscriptionId
param functionAppName string
param storageAccountName string

@description('Object ids of the identities that publish releases, such as a pipeline\'s.')
param publisherPrincipalIds array

var eventGridDataSender = 'd5a91429-5739-47e2-a06b-3470a27159e7'

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  scope: resourceGroup(switchyardSubscriptionId, switchyardGroup)
  name: functionAppName

  resource events 'functions' existing = {
    name: 'events'
  }
}

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
  }
}

resource publishes 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for publisher in publisherPrincipalIds: {
    scope: topic
    name: guid(topic.id, publisher, eventGridDataSender)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', eventGridDataSender)
      principalId: publisher
      principalType: 'ServicePrincipal'
    }
  }
]

module deadLetters 'access-dead-letters.bicep' = {
  scope: resourceGroup(switchyardSubscriptionId, switchyardGroup)
  name: take('switchyard-dead-letters-${name}', 64)
  params: {
    storageAccountName: storageAccountName
    principalId: topic.identity.principalId
  }
}

resource delivery 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'switchyard'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: app::events.id
      }
    }
    filter: {
      includedEventTypes: ['Switchyard.ClusterVersionPublished']
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: deadLetters.outputs.accountId
          blobContainerName: deadLetters.outputs.containerName
        }
      }
    }
  }
}

output endpoint string = topic.properties.endpoint
