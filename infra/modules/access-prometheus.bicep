// Lets Switchyard query the managed Prometheus of the Azure Monitor workspaces in this resource group. The role holds
// one data action, Microsoft.Monitor/accounts/data/metrics/read, and no right over anything else.

param principalId string

var monitoringDataReader = 'b0d8363b-8ddd-447d-831f-62ca05bff136'

resource queries 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, monitoringDataReader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringDataReader)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: gates that ask managed Prometheus'
  }
}
