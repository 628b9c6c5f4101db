// Lets Switchyard start and read the runs of one Azure Load Testing resource, for the gates in `gates.load`.
// Load Test Contributor is the narrowest role of Azure's that starts a run; it can also change the tests there.

param resourceName string
param principalId string

var loadTestContributor = '749a398d-560b-491b-bb21-08924219302e'

resource tests 'Microsoft.LoadTestService/loadTests@2022-12-01' existing = {
  name: resourceName
}

resource runs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: tests
  name: guid(tests.id, principalId, loadTestContributor)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', loadTestContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: runs of load tests'
  }
}
