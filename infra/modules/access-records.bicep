// Lets Switchyard read and write record sets of one public zone.

param zoneName string
param principalId string

@description('The role. Where custom roles are not allowed: the id of the built-in DNS Zone Contributor, which may also delete the zone.')
param roleDefinitionId string = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  guid(subscription().id, 'switchyard-record-writer')
)

resource zone 'Microsoft.Network/dnsZones@2018-05-01' existing = {
  name: zoneName
}

resource writes 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: zone
  name: guid(zone.id, principalId, roleDefinitionId)
  properties: {
    roleDefinitionId: roleDefinitionId
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: points live and slot records'
  }
}
