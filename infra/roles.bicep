// The custom roles that Switchyard needs, once per subscription; fleet.bicep and the access modules assign them.
//
// They are here and not beside each resource because a role's name is unique in the whole tenant, and because a
// fleet's owner who may assign roles in a resource group need not be one who may define them.

targetScope = 'subscription'

@description('Object id of Switchyard\'s managed identity: output principalId of main.bicep.')
param principalId string

@description('Lets Switchyard read the subscription\'s activity log, which says who moved a lever.')
param readsActivityLog bool = true

var suffix = '(${take(subscription().subscriptionId, 8)})'

resource recordWriter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'switchyard-record-writer')
  properties: {
    roleName: 'Switchyard record writer ${suffix}'
    description: 'Reads and writes address and alias record sets, and reads whose they are. Deletes nothing and cannot change a zone.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Network/dnsZones/read'
          'Microsoft.Network/dnsZones/TXT/read'
          'Microsoft.Network/privateDnsZones/TXT/read'
          'Microsoft.Network/dnsZones/A/read'
          'Microsoft.Network/dnsZones/A/write'
          'Microsoft.Network/dnsZones/AAAA/read'
          'Microsoft.Network/dnsZones/AAAA/write'
          'Microsoft.Network/dnsZones/CNAME/read'
          'Microsoft.Network/dnsZones/CNAME/write'
          'Microsoft.Network/privateDnsZones/A/read'
          'Microsoft.Network/privateDnsZones/A/write'
          'Microsoft.Network/privateDnsZones/AAAA/read'
          'Microsoft.Network/privateDnsZones/AAAA/write'
          'Microsoft.Network/privateDnsZones/CNAME/read'
          'Microsoft.Network/privateDnsZones/CNAME/write'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: [subscription().id]
  }
}

// A balancer that is written as a whole must be allowed to be joined to what it names: the `join` and `assign`
// actions count where the role is assigned on those resources.
resource balancerOperator 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'switchyard-balancer-operator')
  properties: {
    roleName: 'Switchyard balancer operator ${suffix}'
    description: 'Weighs origins and endpoints, writes canary rules, empties caches, and repoints rules of gateways and Front Doors (classic). Deletes nothing but its own rule.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Cdn/profiles/originGroups/origins/read'
          'Microsoft.Cdn/profiles/originGroups/origins/write'
          'Microsoft.Cdn/profiles/ruleSets/rules/read'
          'Microsoft.Cdn/profiles/ruleSets/rules/write'
          'Microsoft.Cdn/profiles/ruleSets/rules/delete'
          'Microsoft.Cdn/profiles/afdEndpoints/Purge/action'
          'Microsoft.Network/frontDoors/read'
          'Microsoft.Network/frontDoors/write'
          'Microsoft.Network/frontDoors/purge/action'
          'Microsoft.Network/frontDoors/rulesEngines/read'
          'Microsoft.Network/frontDoors/rulesEngines/write'
          'Microsoft.Network/trafficManagerProfiles/read'
          'Microsoft.Network/trafficManagerProfiles/azureEndpoints/write'
          'Microsoft.Network/trafficManagerProfiles/externalEndpoints/write'
          'Microsoft.Network/trafficManagerProfiles/nestedEndpoints/write'
          'Microsoft.Network/applicationGateways/read'
          'Microsoft.Network/applicationGateways/write'
          'Microsoft.Network/virtualNetworks/subnets/read'
          'Microsoft.Network/virtualNetworks/subnets/join/action'
          'Microsoft.Network/publicIPAddresses/read'
          'Microsoft.Network/publicIPAddresses/join/action'
          'Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies/read'
          'Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies/join/action'
          'Microsoft.Network/frontDoorWebApplicationFirewallPolicies/read'
          'Microsoft.Network/frontDoorWebApplicationFirewallPolicies/join/action'
          'Microsoft.ManagedIdentity/userAssignedIdentities/read'
          'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: [subscription().id]
  }
}

resource clusterOperator 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'switchyard-cluster-operator')
  properties: {
    roleName: 'Switchyard cluster operator ${suffix}'
    description: 'Reads, starts, stops and deletes clusters, runs commands in them and declares their Flux configurations. Cannot create or change a cluster.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.ContainerService/managedClusters/read'
          'Microsoft.ContainerService/managedClusters/start/action'
          'Microsoft.ContainerService/managedClusters/stop/action'
          'Microsoft.ContainerService/managedClusters/delete'
          'Microsoft.ContainerService/managedClusters/runcommand/action'
          'Microsoft.ContainerService/managedClusters/commandResults/read'
          'Microsoft.KubernetesConfiguration/fluxConfigurations/read'
          'Microsoft.KubernetesConfiguration/fluxConfigurations/write'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: [subscription().id]
  }
}

resource deployer 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'switchyard-deployer')
  properties: {
    roleName: 'Switchyard deployer ${suffix}'
    description: 'Validates, starts and reads deployments. What a deployment creates needs rights of its own.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Resources/subscriptions/resourceGroups/read'
          'Microsoft.Resources/deployments/read'
          'Microsoft.Resources/deployments/write'
          'Microsoft.Resources/deployments/validate/action'
          'Microsoft.Resources/deployments/operations/read'
          'Microsoft.Resources/deployments/operationstatuses/read'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: [subscription().id]
  }
}

resource clusterCreator 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'switchyard-cluster-creator')
  properties: {
    roleName: 'Switchyard cluster creator ${suffix}'
    description: 'What a template needs that makes a cluster with its node pools, Flux extension, maintenance windows and diagnostic settings.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.ContainerService/managedClusters/read'
          'Microsoft.ContainerService/managedClusters/write'
          'Microsoft.ContainerService/managedClusters/agentPools/read'
          'Microsoft.ContainerService/managedClusters/agentPools/write'
          'Microsoft.ContainerService/managedClusters/maintenanceConfigurations/read'
          'Microsoft.ContainerService/managedClusters/maintenanceConfigurations/write'
          'Microsoft.KubernetesConfiguration/extensions/read'
          'Microsoft.KubernetesConfiguration/extensions/write'
          'Microsoft.KubernetesConfiguration/extensions/operations/read'
          'Microsoft.Insights/diagnosticSettings/read'
          'Microsoft.Insights/diagnosticSettings/write'
          'Microsoft.ManagedIdentity/userAssignedIdentities/read'
          'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: [subscription().id]
  }
}

resource groupReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'switchyard-group-reader')
  properties: {
    roleName: 'Switchyard group reader ${suffix}'
    description: 'Lists resource groups, and nothing in them.'
    type: 'CustomRole'
    permissions: [
      {
        actions: ['Microsoft.Resources/subscriptions/resourceGroups/read']
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: [subscription().id]
  }
}

resource activityReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'switchyard-activity-reader')
  properties: {
    roleName: 'Switchyard activity reader ${suffix}'
    description: 'Reads the activity log: who changed what. It holds the names of people.'
    type: 'CustomRole'
    permissions: [
      {
        actions: ['Microsoft.Insights/eventtypes/values/read']
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: [subscription().id]
  }
}

// Whoever moved a lever behind Switchyard's back is named in the hold. Without it the hold says that nobody knows.
resource readsActivities 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (readsActivityLog) {
  name: guid(subscription().id, principalId, activityReader.name)
  properties: {
    roleDefinitionId: activityReader.id
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: sees who moved a lever'
  }
}

// T4's sweep asks whether a destroyed cluster's node resource group has gone. A list shows only what its reader
// may see, so without this right a group that is still there would count as gone.
resource seesGroups 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, groupReader.name)
  properties: {
    roleDefinitionId: groupReader.id
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Switchyard: sees whether a node resource group is left behind'
  }
}
