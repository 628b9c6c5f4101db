// Lets the template's deployment put nodes into the subnets of a virtual network. Network Contributor is what AKS
// documents; a custom role needs `virtualNetworks/subnets/read` and `virtualNetworks/subnets/join/action`.

param virtualNetworkName string
param principalId string

@description('The role to give on the virtual network.')
param roleDefinitionId string = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '4d97b98b-1d4f-4787-a291-c67834d212e7'
)

resource network 'Microsoft.Network/virtualNetworks@2025-09-01' existing = {
  name: virtualNetworkName
}

resource joins 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: network
  name: guid(network.id, principalId, roleDefinitionId)
  properties: {
    roleDefinitionId: roleDefinitionId
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: subnets of the candidate\'s nodes'
  }
}
