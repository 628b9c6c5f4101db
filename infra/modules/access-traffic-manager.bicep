// Lets Switchyard weigh the endpoints of one Traffic Manager profile. It cannot change the profile itself.

param profileName string
param principalId string

var operator = guid(subscription().id, 'switchyard-balancer-operator')

resource profile 'Microsoft.Network/trafficmanagerprofiles@2022-04-01' existing = {
  name: profileName
}

resource weighs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: profile
  name: guid(profile.id, principalId, operator)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', operator)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: weights of endpoints'
  }
}
