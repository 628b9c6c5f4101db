// Lets Switchyard weigh the origins of one Front Door profile (Standard or Premium), write the rule of a canary and
// empty the cache. It cannot change routes, domains, secrets or origin groups.

param profileName string
param principalId string

var operator = guid(subscription().id, 'switchyard-balancer-operator')

resource profile 'Microsoft.Cdn/profiles@2025-12-01' existing = {
  name: profileName
}

resource weighs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: profile
  name: guid(profile.id, principalId, operator)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', operator)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: weights of origins, the canary, the cache'
  }
}
