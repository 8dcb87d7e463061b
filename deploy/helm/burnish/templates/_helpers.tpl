{{- define "burnish.name" -}}
{{- if contains "burnish" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-burnish" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "burnish.selector" -}}
app.kubernetes.io/name: burnish
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "burnish.labels" -}}
{{ include "burnish.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "burnish.image" -}}
{{- $own := ternary .root.Values.gateway.tag "" (eq .part "gateway") }}
{{- printf "%s-%s:%s" .root.Values.image.repository .part ($own | default .root.Values.image.tag | default .root.Chart.AppVersion) | quote }}
{{- end }}

{{/* seed and kek: given, or those of the Secret that exists, or new ones; settled once for all templates of a rendering. */}}
{{- define "burnish.settleSecrets" -}}
{{- if not (hasKey .Values "settled") }}
{{- $name := .Values.secrets.existing | default (printf "%s-secrets" (include "burnish.name" .)) }}
{{- $stored := (lookup "v1" "Secret" .Release.Namespace $name) | default dict }}
{{- $data := (get $stored "data") | default dict }}
{{- if and .Values.secrets.existing (not (hasKey $data "seed")) }}
{{- if or (empty .Values.secrets.seed) (empty .Values.secrets.kek) }}
{{- fail (printf "secrets.existing names %s, which has no key `seed` in namespace %s, or cannot be looked up where templates are rendered away from the cluster: give secrets.seed and secrets.kek there" $name .Release.Namespace) }}
{{- end }}
{{- end }}
{{- $seed := .Values.secrets.seed | default ((get $data "seed" | default "") | b64dec) | default (randAlphaNum 64) }}
{{- $kek := .Values.secrets.kek | default ((get $data "kek" | default "") | b64dec) | default (randBytes 32) }}
{{- $_ := set .Values "settled" (dict "seed" $seed "kek" $kek) }}
{{- end }}
{{- end }}

{{/* The password for one purpose, always the same for one seed. */}}
{{- define "burnish.password" -}}
{{- include "burnish.settleSecrets" .root -}}
{{- printf "%s burnish password %s" .root.Values.settled.seed .purpose | sha256sum | trunc 40 -}}
{{- end }}

{{- define "burnish.postgresHost" -}}
{{- if .Values.postgres.bundled }}{{ include "burnish.name" . }}-postgres:5432{{ else }}{{ required "postgres.external.host is needed where postgres.bundled is false" .Values.postgres.external.host }}:{{ .Values.postgres.external.port }}{{ end }}
{{- end }}

{{- define "burnish.database" -}}
{{- if .Values.postgres.bundled }}burnish{{ else }}{{ .Values.postgres.external.database }}{{ end }}
{{- end }}

{{- define "burnish.natsHost" -}}
{{- if .Values.nats.bundled }}{{ include "burnish.name" . }}-nats:4222{{ else }}{{ required "nats.external.host is needed where nats.bundled is false" .Values.nats.external.host }}:{{ .Values.nats.external.port }}{{ end }}
{{- end }}

{{- define "burnish.natsMonitoring" -}}
{{- if .Values.nats.bundled }}{{ include "burnish.name" . }}-nats-headless.{{ .Release.Namespace }}.svc.cluster.local:8222{{ else }}{{ required "nats.external.monitoring is needed for KEDA where nats.bundled is false" .Values.nats.external.monitoring }}{{ end }}
{{- end }}

{{- define "burnish.streamReplicas" -}}
{{- if .Values.nats.bundled }}{{ .Values.nats.replicas }}{{ else }}{{ .Values.nats.external.streamReplicas }}{{ end }}
{{- end }}

{{- define "burnish.databaseUrl" -}}
{{- printf "postgresql://burnish_%s:%s@%s/%s" .part (include "burnish.password" (dict "root" .root "purpose" (printf "postgres %s" .part))) (include "burnish.postgresHost" .root) (include "burnish.database" .root) -}}
{{- end }}

{{- define "burnish.natsUrl" -}}
{{- printf "nats://%s:%s@%s" .user (include "burnish.password" (dict "root" .root "purpose" (printf "nats %s" .user))) (include "burnish.natsHost" .root) -}}
{{- end }}

{{- define "burnish.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "burnish.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Settings that every service takes from the values. */}}
{{- define "burnish.commonEnv" -}}
- {name: BURNISH_METRICS_HOST, value: "0.0.0.0"}
- {name: BURNISH_METRICS_PORT, value: "18200"}
- {name: BURNISH_EGRESS_ALLOW, value: {{ .Values.egressAllow | quote }}}
- {name: BURNISH_OTLP_ENDPOINT, value: {{ .Values.otlpEndpoint | quote }}}
{{- if not .Values.postgres.bundled }}
- {name: BURNISH_POOLER, value: {{ .Values.postgres.external.pooler | quote }}}
{{- end }}
{{- range $name, $value := .Values.extraEnv }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{/* Where code runs, for the services that run any. */}}
{{- define "burnish.sandboxEnv" -}}
- {name: BURNISH_SANDBOX, value: {{ .Values.sandbox.backend | quote }}}
{{- if eq .Values.sandbox.backend "daytona" }}
{{- $daytona := .Values.sandbox.daytona }}
- name: BURNISH_DAYTONA_API_KEY
  valueFrom: {secretKeyRef: {name: {{ required "sandbox.daytona.apiKeySecret is needed where sandbox.backend is daytona" $daytona.apiKeySecret }}, key: api-key}}
- {name: BURNISH_DAYTONA_API_URL, value: {{ $daytona.apiUrl | quote }}}
- {name: BURNISH_DAYTONA_TARGET, value: {{ $daytona.target | quote }}}
- {name: BURNISH_DAYTONA_SNAPSHOT, value: {{ $daytona.snapshot | quote }}}
{{- end }}
{{- end }}

{{/* The mail server for the service that sends, and for the gateway, which writes mails down, the sender alone. */}}
{{- define "burnish.mailEnv" -}}
{{- $mail := .root.Values.mail }}
{{- if $mail.urlSecret }}
- {name: BURNISH_SMTP_FROM, value: {{ required "mail.from is needed where mail.urlSecret is given" $mail.from | quote }}}
{{- if eq .part "webhooks" }}
- name: BURNISH_SMTP_URL
  valueFrom: {secretKeyRef: {name: {{ $mail.urlSecret }}, key: url}}
{{- end }}
{{- end }}
{{- end }}

{{/* Identity providers, for the gateway. */}}
{{- define "burnish.signInEnv" -}}
{{- with .Values.signIn.tokens }}
{{- if or .jwksUrl .secretSecret }}
- {name: BURNISH_JWKS_URL, value: {{ .jwksUrl | quote }}}
- {name: BURNISH_JWT_ISSUER, value: {{ .issuer | quote }}}
- {name: BURNISH_JWT_AUDIENCE, value: {{ .audience | quote }}}
{{- else if .issuer }}
{{- fail "signIn.tokens.issuer needs signIn.tokens.jwksUrl or signIn.tokens.secretSecret, with which its tokens are checked" }}
{{- end }}
{{- if .secretSecret }}
- name: BURNISH_JWT_SECRET
  valueFrom: {secretKeyRef: {name: {{ .secretSecret }}, key: jwt-secret}}
{{- end }}
{{- end }}
{{- $publicUrl := .Values.publicUrl }}
{{- with .Values.signIn.oidc }}
{{- if .issuer }}
{{- $_ := required "publicUrl is needed where signIn.oidc.issuer is given" $publicUrl }}
- {name: BURNISH_OIDC_ISSUER, value: {{ .issuer | quote }}}
- {name: BURNISH_OIDC_CLIENT_ID, value: {{ required "signIn.oidc.clientId is needed where signIn.oidc.issuer is given" .clientId | quote }}}
- name: BURNISH_OIDC_CLIENT_SECRET
  valueFrom: {secretKeyRef: {name: {{ required "signIn.oidc.clientSecretSecret is needed where signIn.oidc.issuer is given" .clientSecretSecret }}, key: client-secret}}
- {name: BURNISH_OIDC_SCOPES, value: {{ .scopes | quote }}}
- {name: BURNISH_OIDC_LINK_BY_EMAIL, value: {{ .linkByEmail | quote }}}
- {name: BURNISH_OIDC_DEFAULT_WORKSPACE, value: {{ .defaultWorkspace | quote }}}
- {name: BURNISH_OIDC_DEFAULT_ROLE, value: {{ .defaultRole | quote }}}
- {name: BURNISH_OIDC_DEFAULT_DOMAINS, value: {{ .defaultDomains | quote }}}
{{- else if .defaultWorkspace }}
{{- fail "signIn.oidc.defaultWorkspace needs signIn.oidc.issuer" }}
{{- end }}
{{- end }}
{{- end }}

{{/* What changes when a secret does, for the annotations of pods: they read their Secrets at the start alone. */}}
{{- define "burnish.secretsSum" -}}
{{- include "burnish.settleSecrets" . -}}
{{- printf "%s %s %s" (include "burnish.natsUrl" (dict "root" . "user" "gateway")) .Values.settled.kek .Values.secrets.kekPrevious | sha256sum -}}
{{- end }}

{{/* Environment of who operates: the migration, and the commands that NOTES.txt shows. */}}
{{- define "burnish.operatorEnv" -}}
envFrom:
  - secretRef: {name: {{ include "burnish.name" . }}-migrate}
env:
  - {name: BURNISH_STREAM_REPLICAS, value: {{ include "burnish.streamReplicas" . | quote }}}
  {{- if not .Values.postgres.bundled }}
  - name: DATABASE_URL
    valueFrom: {secretKeyRef: {name: {{ required "postgres.external.adminSecret is needed where postgres.bundled is false" .Values.postgres.external.adminSecret }}, key: url}}
  {{- end }}
  {{- if .Values.simulator.enabled }}
  - {name: BURNISH_SIMULATOR_URL, value: "http://{{ include "burnish.name" . }}-simulator:18100/v1"}
  {{- end }}
{{- end }}
