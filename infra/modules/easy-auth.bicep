// Entra tokens in front of the API: who calls is proven, and what they may do is in their token's roles.
//
// What comes without a token comes with a key of its own instead: Event Grid's deliveries, the action group's calls
// unless its webhook is a secure one, and whoever watches the health of the app.

param functionAppName string
param clientId string
param callerClientIds array

// Azure's own applications, the same in every tenant of the public cloud: "Microsoft.EventGrid" and "AzNS AAD
// Webhook". Their tokens get through here, and from the app they get the two routes that are theirs.
var senderClientIds = ['4962773b-9cdb-44cf-a8bf-237846a00ab7', '461e8683-5575-4561-ac7f-899cc907d62a']
// The page has no data in it: it asks the API, as whoever signed in, and says where to sign in.
var openPaths = ['/api/page']
var keyedPaths = ['/runtime/webhooks/eventgrid', '/api/events', '/api/alerts', '/api/health']

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
      excludedPaths: concat(keyedPaths, openPaths)
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
            allowedApplications: concat([clientId], callerClientIds, senderClientIds)
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
