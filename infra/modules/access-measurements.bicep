// Lets Switchyard read metrics, logs, fired alerts and health of what is in this resource group: clusters, gateways,
// public IPs.
// Monitoring Reader is what Azure Monitor's metrics batch asks for; its `*/read` covers logs in resource context,
// alerts, Resource Health and the addresses of public IPs.

param principalId string

@description('Workspace in this group that asks for permissions of its own ("require workspace permissions"). Empty: none.')
param workspaceName string = ''

var monitoringReader = '43d0d8ad-25c7-4714-9337-8ba259a9fe05'
var logAnalyticsReader = '73c42c96-874c-492b-b04d-ab87d138a893'

resource measures 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, monitoringReader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringReader)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: gate readings'
  }
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = if (!empty(workspaceName)) {
  name: empty(workspaceName) ? 'none' : workspaceName
}

resource queries 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(workspaceName)) {
  scope: workspace
  name: guid(resourceGroup().id, workspaceName, principalId, logAnalyticsReader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', logAnalyticsReader)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: gates that read logs'
  }
}
