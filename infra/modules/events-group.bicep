// Changes of resources in this group that a fleet cares about, handed to the function `events`.
//
// Without dead letters: Event Grid gives topics of resource groups no identity, and the storage account takes no
// key. A lost event costs latency only, because the timer looks anyway. It also keeps the claims of whoever made
// the change, which these events carry, out of storage.

param switchyardGroup string
param switchyardSubscriptionId string = subscription().subscriptionId
param functionAppName string

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  scope: resourceGroup(switchyardSubscriptionId, switchyardGroup)
  name: functionAppName

  resource events 'functions' existing = {
    name: 'events'
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: 'evgst-${uniqueString(resourceGroup().id)}'
  location: 'global'
  properties: {
    source: resourceGroup().id
    topicType: 'Microsoft.Resources.ResourceGroups'
  }
}

resource delivery 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'switchyard'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: app::events.id
      }
    }
    filter: {
      includedEventTypes: [
        'Microsoft.Resources.ResourceWriteSuccess'
        'Microsoft.Resources.ResourceWriteFailure'
        'Microsoft.Resources.ResourceDeleteSuccess'
      ]
      advancedFilters: [
        {
          key: 'data.operationName'
          operatorType: 'StringBeginsWith'
          values: [
            'Microsoft.Cdn/profiles/'
            'Microsoft.ContainerService/managedClusters/'
            'Microsoft.Network/applicationGateways/'
            'Microsoft.Network/dnsZones/'
            'Microsoft.Network/frontDoors/'
            'Microsoft.Network/privateDnsZones/'
            'Microsoft.Network/publicIPAddresses/'
            'Microsoft.Network/trafficManagerProfiles/'
          ]
        }
      ]
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
  }
}
