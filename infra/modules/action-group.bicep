// Whom the alert rules of one fleet call: Switchyard's alert webhook, in the common alert schema. The address names the
// fleet, so that a worker which knows no fleet yet reads that one and no directory first.
//
// A secure webhook carries an Entra token, and no key. Any other has the key of the function `alerts` in its address,
// which opens that function and no other. Deploy this again after the key was changed: the group keeps the old one.

param functionAppName string

@description('Name of the fleet, as in its file.')
@maxLength(40)
param fleetName string

@description('Object id of the service principal of the Entra application in front of the webhook. Empty: the key alone.')
param secureWebhookObjectId string = ''

@description('Identifier URI of that application.')
param secureWebhookIdentifierUri string = ''

var isSecure = !empty(secureWebhookObjectId)
var api = 'https://${app.properties.defaultHostName}/api'
var named = 'fleet=${fleetName}'

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName

  resource alerts 'functions' existing = {
    name: 'alerts'
  }
}

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${functionAppName}-${fleetName}'
  location: 'global'
  properties: {
    groupShortName: 'switchyard'
    enabled: true
    webhookReceivers: [
      {
        name: 'alerts'
        serviceUri: isSecure ? '${api}/entra/alerts?${named}' : '${api}/alerts?${named}&code=${app::alerts.listKeys().default}'
        useCommonAlertSchema: true
        useAadAuth: isSecure
        objectId: isSecure ? secureWebhookObjectId : null
        identifierUri: isSecure ? secureWebhookIdentifierUri : null
        tenantId: isSecure ? tenant().tenantId : null
      }
    ]
  }
}

output id string = group.id
