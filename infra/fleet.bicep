// One fleet: what Switchyard may do to it, and what tells Switchyard about it.
//
// Needs the code to be published already, because Event Grid checks that the function `events` exists and the
// action group takes the key of the function `alerts`. An owner of single resource groups can deploy the modules
// below one by one instead.

targetScope = 'subscription'

@description('Name of the fleet, as in its file.')
@maxLength(40)
param fleetName string

@description('Resource group of Switchyard.')
param switchyardGroup string

@description('Subscription of Switchyard, where it is another than the fleet\'s.')
param switchyardSubscriptionId string = subscription().subscriptionId

@description('Output functionAppName of main.bicep.')
param functionAppName string

@description('Output identityName of main.bicep.')
param identityName string

@description('Output storageAccountName of main.bicep.')
param storageAccountName string

@description('Resource groups of the slots\' clusters: they outlive the clusters, so rights are given here.')
param clusterGroups array

@description('Resource group of zones, gateways, public IPs, and whatever else is a lever.')
param networkGroup string

@description('Public zone of the live and slot records. Empty: none.')
param publicZone string = ''

@description('Private zone of the live and slot records. Empty: none.')
param privateZone string = ''

@description('Application gateways of the slots: each gets an alert rule on its share of 5xx.')
param gateways array = []

@description('Front Door profile (Standard or Premium) that is a lever. Empty: none.')
param frontDoorProfile string = ''

@description('Front Door (classic) that is a lever. Empty: none.')
param frontDoorClassic string = ''

@description('Traffic Manager profile that is a lever. Empty: none.')
param trafficManagerProfile string = ''

@description('Application gateway in front of both slots whose rule is a lever. Empty: none. The three below are its own.')
param sharedGateway string = ''

@description('Subnet of that gateway, as { network, name }.')
param sharedGatewaySubnet object = { network: '', name: '' }

@description('Public IPs of that gateway.')
param sharedGatewayPublicIps array = []

@description('User-assigned identities of that gateway.')
param sharedGatewayIdentities array = []

@description('Azure Load Testing resource that gates in `gates.load` ask, in the network\'s group. Empty: none.')
param loadTests string = ''

@description('Virtual network whose subnets the template puts nodes in. Empty: the template needs none of this group.')
param virtualNetwork string = ''

@description('Resource group that the template spec is deployed to: `provision.resource_group` of the fleet file.')
param provisionGroup string

@description('Resource group that holds the template spec.')
param templateSpecGroup string = provisionGroup

@description('Role for what the template creates in the clusters\' groups. Empty: the role "Switchyard cluster creator".')
param creatorRoleDefinitionId string = ''

@description('Resource groups, beside those above, of what gates ask: workspaces, Application Insights, Front Doors, profiles.')
param monitoringGroups array = []

@description('Resource groups of the Azure Monitor workspaces whose managed Prometheus gates ask.')
param prometheusGroups array = []

@description('Clusters that exist now, as { group, name, location }: each gets a system topic. A template should make its own.')
param clusters array = []

@description('Clusters with Entra integration authorise run commands as the identity: makes it cluster administrator there.')
param hasKubernetesRoles bool = false

@description('Object id of the service principal of the Entra application in front of the alert webhook. Empty: the key alone.')
param secureWebhookObjectId string = ''

@description('Identifier URI of that application.')
param secureWebhookIdentifierUri string = ''

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  scope: resourceGroup(switchyardSubscriptionId, switchyardGroup)
  name: identityName
}

var topicGroups = union(clusterGroups, [networkGroup])

module records 'modules/access-records.bicep' = if (!empty(publicZone)) {
  scope: resourceGroup(networkGroup)
  name: 'switchyard-records'
  params: {
    zoneName: publicZone
    principalId: identity.properties.principalId
  }
}

module privateRecords 'modules/access-private-records.bicep' = if (!empty(privateZone)) {
  scope: resourceGroup(networkGroup)
  name: 'switchyard-private-records'
  params: {
    zoneName: privateZone
    principalId: identity.properties.principalId
  }
}

module frontDoor 'modules/access-front-door.bicep' = if (!empty(frontDoorProfile)) {
  scope: resourceGroup(networkGroup)
  name: 'switchyard-front-door'
  params: {
    profileName: frontDoorProfile
    principalId: identity.properties.principalId
  }
}

module classicFrontDoor 'modules/access-front-door-classic.bicep' = if (!empty(frontDoorClassic)) {
  scope: resourceGroup(networkGroup)
  name: 'switchyard-front-door-classic'
  params: {
    frontDoorName: frontDoorClassic
    principalId: identity.properties.principalId
  }
}

module trafficManager 'modules/access-traffic-manager.bicep' = if (!empty(trafficManagerProfile)) {
  scope: resourceGroup(networkGroup)
  name: 'switchyard-traffic-manager'
  params: {
    profileName: trafficManagerProfile
    principalId: identity.properties.principalId
  }
}

module gatewayAccess 'modules/access-application-gateway.bicep' = if (!empty(sharedGateway)) {
  scope: resourceGroup(networkGroup)
  name: 'switchyard-application-gateway'
  params: {
    gatewayName: sharedGateway
    virtualNetworkName: sharedGatewaySubnet.network
    subnetName: sharedGatewaySubnet.name
    publicIpNames: sharedGatewayPublicIps
    identityNames: sharedGatewayIdentities
    principalId: identity.properties.principalId
  }
}

module loadTestAccess 'modules/access-load-tests.bicep' = if (!empty(loadTests)) {
  scope: resourceGroup(networkGroup)
  name: 'switchyard-load-tests'
  params: {
    resourceName: loadTests
    principalId: identity.properties.principalId
  }
}

module clusterAccess 'modules/access-clusters.bicep' = [
  for group in clusterGroups: {
    scope: resourceGroup(group)
    name: 'switchyard-clusters'
    params: {
      principalId: identity.properties.principalId
      creatorRoleDefinitionId: creatorRoleDefinitionId
      hasKubernetesRoles: hasKubernetesRoles
    }
  }
]

module measurements 'modules/access-measurements.bicep' = [
  for group in topicGroups: {
    scope: resourceGroup(group)
    name: 'switchyard-measurements'
    params: {
      principalId: identity.properties.principalId
    }
  }
]

// The groups above have this role already, and two deployments of one assignment would collide.
module otherMeasurements 'modules/access-measurements.bicep' = [
  for group in monitoringGroups: if (!contains(topicGroups, group)) {
    scope: resourceGroup(group)
    name: 'switchyard-measurements'
    params: {
      principalId: identity.properties.principalId
    }
  }
]

module prometheus 'modules/access-prometheus.bicep' = [
  for group in prometheusGroups: {
    scope: resourceGroup(group)
    name: 'switchyard-prometheus'
    params: {
      principalId: identity.properties.principalId
    }
  }
]

// A cluster's group has this role already, and two deployments of one assignment would collide.
module provisioning 'modules/access-provisioning.bicep' = if (!contains(clusterGroups, provisionGroup)) {
  scope: resourceGroup(provisionGroup)
  name: 'switchyard-provisioning'
  params: {
    principalId: identity.properties.principalId
  }
}

module templateSpecs 'modules/access-template-specs.bicep' = {
  scope: resourceGroup(templateSpecGroup)
  name: 'switchyard-template-specs'
  params: {
    principalId: identity.properties.principalId
  }
}

module subnets 'modules/access-subnets.bicep' = if (!empty(virtualNetwork)) {
  scope: resourceGroup(networkGroup)
  name: 'switchyard-subnets'
  params: {
    virtualNetworkName: virtualNetwork
    principalId: identity.properties.principalId
  }
}

module clusterEvents 'modules/events-cluster.bicep' = [
  for cluster in clusters: {
    scope: resourceGroup(cluster.group)
    name: take('switchyard-events-${cluster.name}', 64)
    params: {
      clusterName: cluster.name
      location: cluster.location
      switchyardGroup: switchyardGroup
      switchyardSubscriptionId: switchyardSubscriptionId
      functionAppName: functionAppName
      storageAccountName: storageAccountName
    }
  }
]

module groupEvents 'modules/events-group.bicep' = [
  for group in topicGroups: {
    scope: resourceGroup(group)
    name: 'switchyard-events-group'
    params: {
      switchyardGroup: switchyardGroup
      switchyardSubscriptionId: switchyardSubscriptionId
      functionAppName: functionAppName
    }
  }
]

module actionGroup 'modules/action-group.bicep' = {
  scope: resourceGroup(switchyardSubscriptionId, switchyardGroup)
  name: take('switchyard-action-group-${fleetName}', 64)
  params: {
    fleetName: fleetName
    functionAppName: functionAppName
    secureWebhookObjectId: secureWebhookObjectId
    secureWebhookIdentifierUri: secureWebhookIdentifierUri
  }
}

module gatewayAlerts 'modules/alert-gateway.bicep' = [
  for gateway in gateways: {
    scope: resourceGroup(networkGroup)
    name: take('switchyard-alert-${gateway}', 64)
    params: {
      gatewayName: gateway
      actionGroupId: actionGroup.outputs.id
    }
  }
]
