// Lets Switchyard validate, start and follow deployments in the group that a fleet's template is deployed to.

param principalId string

var deployer = guid(subscription().id, 'switchyard-deployer')

resource deploys 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, deployer)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', deployer)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: the candidate\'s deployment'
  }
}
