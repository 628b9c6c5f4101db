// The function app on the Flex Consumption plan, Python 3.13. Its settings come last, from app-settings.bicep.

param name string
param planName string
param location string
param identityId string
param blobEndpoint string
param packageContainerName string
param subnetId string
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
