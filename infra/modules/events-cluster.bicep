// New Kubernetes versions, ends of support and node pool upgrades of one cluster, handed to the function `events`.
//
// A system topic lives and dies with its source. Put this module into the template that makes clusters, or the
// fleet hears of no new version after its first rollout.

param clusterName string

@description('Region of the cluster: a system topic must lie in its source\'s.')
param location string = resourceGroup().location

param switchyardGroup string
param switchyardSubscriptionId string = subscription().subscriptionId
param functionAppName string
param storageAccountName string

resource cluster 'Microsoft.ContainerService/managedClusters@2026-05-01' existing = {
  name: clusterName
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  scope: resourceGroup(switchyardSubscriptionId, switchyardGroup)
  name: functionAppName

  resource events 'functions' existing = {
    name: 'events'
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: 'evgst-${uniqueString(cluster.id)}'
  location: location
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: cluster.id
    topicType: 'Microsoft.ContainerService.ManagedClusters'
  }
}

module deadLetters 'access-dead-letters.bicep' = {
  scope: resourceGroup(switchyardSubscriptionId, switchyardGroup)
  name: take('switchyard-dead-letters-${clusterName}', 64)
  params: {
    storageAccountName: storageAccountName
    principalId: topic.identity.principalId
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
        'Microsoft.ContainerService.NewKubernetesVersionAvailable'
        'Microsoft.ContainerService.ClusterSupportEnding'
        'Microsoft.ContainerService.ClusterSupportEnded'
        'Microsoft.ContainerService.NodePoolRollingStarted'
        'Microsoft.ContainerService.NodePoolRollingSucceeded'
        'Microsoft.ContainerService.NodePoolRollingFailed'
      ]
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
