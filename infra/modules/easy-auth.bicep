// Entra tokens in front of the API, so that a command's author is proven and not claimed. Function keys stay.
//
// Webhooks of the platform come without a token and stay behind their keys: Event Grid's, and the action group's
// unless it is a secure one.

param functionAppName string
param clientId string
param callerClientIds array
param hasSecureAlerts bool

// Azure Monitor's own application "AzNS AAD Webhook", the same in every tenant of the public cloud.
var monitorClientId = '461e8683-5575-4561-ac7f-899cc907d62a'
var platformPaths = ['/runtime/webhooks/eventgrid', '/api/events', '/api/health']

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: concat(platformPaths, hasSecureAlerts ? [] : ['/api/alerts'])
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [clientId, 'api://${clientId}']
          defaultAuthorizationPolicy: {
            allowedApplications: concat([clientId], callerClientIds, hasSecureAlerts ? [monitorClientId] : [])
          }
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
}
