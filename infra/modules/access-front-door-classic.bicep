// Lets Switchyard weigh the backends of one Front Door (classic), write the rule of a canary and empty the cache.
// Classic is written as a whole. Where it has a WAF policy, assign the same role on the policy.

param frontDoorName string
param principalId string

var operator = guid(subscription().id, 'switchyard-balancer-operator')

resource frontDoor 'Microsoft.Network/frontDoors@2025-11-01' existing = {
  name: frontDoorName
}

resource weighs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: frontDoor
  name: guid(frontDoor.id, principalId, operator)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', operator)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: weights of backends, the canary, the cache'
  }
}
