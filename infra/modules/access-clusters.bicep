// What Switchyard may do in the resource group of a slot's cluster. On the group and not on the cluster: the
// cluster is deleted and made anew, and its role assignments go with it.

param principalId string

@description('Role for what the template creates here. Empty: the role "Switchyard cluster creator".')
param creatorRoleDefinitionId string = ''

@description('Makes the identity cluster administrator inside clusters that authorise with Azure roles.')
param hasKubernetesRoles bool = false

var operator = guid(subscription().id, 'switchyard-cluster-operator')
var deployer = guid(subscription().id, 'switchyard-deployer')
var creator = guid(subscription().id, 'switchyard-cluster-creator')
var kubernetesClusterAdmin = 'b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b'
var creatorId = empty(creatorRoleDefinitionId)
  ? subscriptionResourceId('Microsoft.Authorization/roleDefinitions', creator)
  : creatorRoleDefinitionId

resource operates 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, operator)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', operator)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: starts, stops, deletes, freezes and synchronises the slot\'s cluster'
  }
}

// A template that is deployed elsewhere reaches this group through a nested deployment.
resource deploys 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, deployer)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', deployer)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: nested deployments of the candidate'
  }
}

resource creates 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, creatorId)
  properties: {
    roleDefinitionId: creatorId
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: what the template creates'
  }
}

resource administers 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hasKubernetesRoles) {
  name: guid(resourceGroup().id, principalId, kubernetesClusterAdmin)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', kubernetesClusterAdmin)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: freeze and thaw where Azure roles authorise run commands'
  }
}
