// A sample rule: 5xx answers of one application gateway, looked at every minute. A second tripwire beside the gates
// that Switchyard polls itself; the threshold is yours to set.

param gatewayName string
param actionGroupId string

@description('5xx answers in five minutes above which the alert fires.')
param answersMax int = 25

@description('Severity of the alert. A fleet file says which severities roll back.')
@minValue(0)
@maxValue(4)
param severity int = 1

resource gateway 'Microsoft.Network/applicationGateways@2025-09-01' existing = {
  name: gatewayName
}

resource rule 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'switchyard-5xx-${gatewayName}'
  location: 'global'
  properties: {
    description: 'Many 5xx answers of ${gatewayName}'
    enabled: true
    severity: severity
    scopes: [gateway.id]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: '5xx'
          metricNamespace: 'Microsoft.Network/applicationGateways'
          metricName: 'ResponseStatus'
          dimensions: [
            {
              name: 'HttpStatusGroup'
              operator: 'Include'
              values: ['5xx']
            }
          ]
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: answersMax
        }
      ]
    }
    actions: [
      {
        actionGroupId: actionGroupId
      }
    ]
  }
}
