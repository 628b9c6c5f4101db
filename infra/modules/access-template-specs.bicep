// Lets Switchyard read the template specs of this group.

param principalId string

var templateSpecReader = '392ae280-861d-42bd-9ea5-08ee6d83b80e'

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, templateSpecReader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', templateSpecReader)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: the template that makes a candidate'
  }
}
