{{/* Each takes a dict: root is the chart's context, component is auth, fit or webhooks, service whose image it has. */}}

{{- define "moogle.selector" -}}
app.kubernetes.io/name: moogle
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "moogle.labels" -}}
{{ include "moogle.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "moogle.image" -}}
{{- $image := (get .root.Values .service).image -}}
{{- with .root.Values.image.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{/* Numbers arrive as floats: toJson writes them without an exponent. */}}
{{- define "moogle.text" -}}
{{- if kindIs "string" . }}{{ . | quote }}{{ else }}{{ toJson . | quote }}{{ end }}
{{- end }}

{{- define "moogle.environment" -}}
{{- $values := .root.Values -}}
{{- $prefix := printf "%s_" (upper .service) -}}
- {name: {{ $prefix }}TRUSTED_PROXIES, value: {{ include "moogle.text" $values.trustedProxies }}}
- {name: {{ $prefix }}DRAIN_TIME, value: {{ include "moogle.text" $values.drainTime }}}
{{- if eq .service "auth" }}
- {name: AUTH_ISSUER, value: {{ $values.auth.issuer | quote }}}
{{- $name := printf "%s-auth" .root.Release.Name }}
{{- $namespace := .root.Release.Namespace }}
- {name: AUTH_TRUSTED_HOSTS, value: "{{ $name }},{{ $name }}.{{ $namespace }},{{ $name }}.{{ $namespace }}.svc"}
{{- else }}
- {name: FIT_RESOURCE, value: {{ $values.fit.resource | quote }}}
- {name: FIT_ISSUER, value: {{ $values.auth.issuer | quote }}}
- {name: FIT_AUTH_URL, value: {{ $values.fit.authUrl | default (printf "http://%s-auth:8000" .root.Release.Name) | quote }}}
- {name: FIT_CLIENT_ID, value: {{ $values.fit.clientId | quote }}}
{{- end }}
{{- with $values.tracing.endpoint }}
- {name: OTEL_TRACES_EXPORTER, value: otlp}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- $given := get $values .service }}
{{- range $given.secret.settings }}
- {name: {{ . }}_FILE, value: /run/secrets/{{ $.service }}/{{ . }}}
{{- end }}
{{- range $name, $value := $given.settings }}
- {name: {{ $name }}, value: {{ include "moogle.text" $value }}}
{{- end }}
{{- end }}

{{- define "moogle.container" -}}
image: {{ include "moogle.image" . | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
env:
  {{- include "moogle.environment" . | nindent 2 }}
securityContext:
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
resources: {{ toJson (get .root.Values .component).resources }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: {{ .service }}, mountPath: /run/secrets/{{ .service }}, readOnly: true}
  {{- if .root.Values.certificates }}
  - {name: certificates, mountPath: /etc/moogle/certificates, readOnly: true}
  {{- end }}
{{- end }}

{{/* Kubernetes would give each pod AUTH_PORT and others for a Service called auth: settings that nobody knows. */}}
{{- define "moogle.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 999
  runAsGroup: 999
  fsGroup: 999
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - {name: {{ . }}}
  {{- end }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {medium: Memory, sizeLimit: 128Mi}
  {{- $given := get .root.Values .service }}
  - name: {{ .service }}
    secret:
      secretName: {{ $given.secret.name }}
      defaultMode: 0440
      items:
        {{- range $given.secret.settings }}
        - {key: {{ . }}, path: {{ . }}}
        {{- end }}
  {{- if .root.Values.certificates }}
  - name: certificates
    configMap: {name: {{ .root.Values.certificates }}}
  {{- end }}
{{- end }}
