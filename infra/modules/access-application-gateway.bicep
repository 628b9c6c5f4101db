// Lets Switchyard lead the routing rule of one application gateway to another pool. A gateway is written as a whole,
// so the identity may join what the gateway names: its subnet, its public IPs, its own identities. Where it has a WAF
// policy, assign the same role on the policy. All of it lies in one resource group here.

param gatewayName string
param virtualNetworkName string
param subnetName string

@description('Public IPs of the gateway\'s frontends. Empty: it has private ones alone.')
param publicIpNames array = []

@description('User-assigned identities with which the gateway reads its certificates. Empty: none.')
param identityNames array = []

param principalId string

var operator = guid(subscription().id, 'switchyard-balancer-operator')

resource gateway 'Microsoft.Network/applicationGateways@2025-09-01' existing = {
  name: gatewayName
}

resource network 'Microsoft.Network/virtualNetworks@2025-09-01' existing = {
  name: virtualNetworkName

  resource subnet 'subnets' existing = {
    name: subnetName
  }
}

resource publicIps 'Microsoft.Network/publicIPAddresses@2025-09-01' existing = [
  for name in publicIpNames: {
    name: name
  }
]

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for name in identityNames: {
    name: name
  }
]

resource repoints 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: gateway
  name: guid(gateway.id, principalId, operator)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', operator)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: the pool that a rule leads to'
  }
}

resource joinsSubnet 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: network::subnet
  name: guid(network::subnet.id, principalId, operator)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', operator)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: writes the gateway that lies there'
  }
}

resource joinsPublicIps 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, index) in publicIpNames: {
    scope: publicIps[index]
    name: guid(resourceId('Microsoft.Network/publicIPAddresses', name), principalId, operator)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', operator)
      principalId: principalId
      principalType: 'ServicePrincipal'
      description: 'Switchyard: writes the gateway that has this address'
    }
  }
]

resource assignsIdentities 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, index) in identityNames: {
    scope: identities[index]
    name: guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', name), principalId, operator)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', operator)
      principalId: principalId
      principalType: 'ServicePrincipal'
      description: 'Switchyard: writes the gateway that has this identity'
    }
  }
]
