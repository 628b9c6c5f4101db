// Lets Switchyard read one public IP address, where it lies in a group that access-measurements does not open.

param publicIpName string
param principalId string

var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

resource publicIp 'Microsoft.Network/publicIPAddresses@2025-09-01' existing = {
  name: publicIpName
}

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: publicIp
  name: guid(publicIp.id, principalId, reader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', reader)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: the address of a slot'
  }
}
