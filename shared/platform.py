"""What brings a candidate up: its deployment, the Kubernetes state that it carries, and the freeze around it.

Frozen values that a fleet declares. They import nothing of ours and refuse to know ARM, Flux and kubectl.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Provisioner(Struct, frozen=True, kw_only=True):
    """An ARM deployment from a template spec.

    `template_spec_id` is the spec without its version; `parameters` go to the template as they are, and
    the candidate's facts are added under the parameter names given here.
    """

    template_spec_id: str
    template_version: str
    resource_group: str
    parameters: dict[str, Any] = {}
    slot_parameter: str = "slot"
    cluster_name_parameter: str = "clusterName"
    version_parameter: str = "kubernetesVersion"


class FluxConfiguration(Struct, frozen=True, kw_only=True):
    """A GitOps configuration that the candidate must carry. `kustomizations` maps name to path."""

    name: str
    namespace: str
    url: str
    branch: str
    kustomizations: dict[str, str]
    sync_interval_seconds: int = 60


class Freeze(Struct, frozen=True, kw_only=True):
    """A ValidatingAdmissionPolicy on the live cluster that denies workload changes for a limited time."""

    expires_seconds: int
    exempt_users: tuple[str, ...] = ()
    expiry_image: str = "mcr.microsoft.com/oss/kubernetes/kubectl:v1.30.0"
