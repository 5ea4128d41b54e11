/** Kinds without a package: what their reference documents, and nothing beside it. */
type Schema = Readonly<Record<string, unknown>>;

const text = { type: 'string', minLength: 1 };
const flag = { type: 'boolean' };
const count = { type: 'integer', minimum: 0 };
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
const exactly = (properties: Schema, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const metadata = exactly(
  { name: text, namespace: text, labels: mapOf({ type: 'string' }), annotations: mapOf({ type: 'string' }) },
  ['name'],
);
const kindOf = (apiVersion: string, kind: string, spec: Schema): Schema =>
  exactly({ apiVersion: { const: apiVersion }, kind: { const: kind }, metadata, spec }, [
    'apiVersion',
    'kind',
    'metadata',
    'spec',
  ]);

/** Of kro 0.9. */
const graphResource = {
  ...exactly(
    {
      id: { type: 'string', pattern: '^[a-z][a-zA-Z0-9]*$' },
      template: { type: 'object' },
      externalRef: { type: 'object' },
      readyWhen: listOf(text),
      includeWhen: listOf(text),
      forEach: listOf({ ...mapOf(text), minProperties: 1, maxProperties: 1 }),
    },
    ['id'],
  ),
  oneOf: [{ required: ['template'] }, { required: ['externalRef'] }],
};
const printerColumn = exactly({ name: text, type: text, jsonPath: text, priority: count, description: text, format: text }, [
  'name',
  'type',
  'jsonPath',
]);
const resourceGraph = exactly(
  {
    schema: exactly(
      {
        kind: { type: 'string', pattern: '^[A-Z][a-zA-Z0-9]{0,62}$' },
        apiVersion: { type: 'string', pattern: '^v[0-9]+(alpha[0-9]+|beta[0-9]+)?$' },
        group: text,
        scope: { enum: ['Namespaced', 'Cluster'] },
        spec: { type: 'object' },
        types: { type: 'object' },
        status: { type: 'object' },
        metadata: exactly({ labels: mapOf(text), annotations: mapOf(text) }),
        additionalPrinterColumns: listOf(printerColumn),
      },
      ['kind', 'apiVersion'],
    ),
    resources: listOf(graphResource),
  },
  ['schema'],
);

/** Of the RDS controller of ACK 1.11: the fields we know. */
const dbInstance = exactly(
  {
    dbInstanceIdentifier: text,
    dbInstanceClass: text,
    engine: text,
    engineVersion: text,
    allocatedStorage: count,
    maxAllocatedStorage: count,
    storageType: text,
    storageEncrypted: flag,
    dbName: text,
    masterUsername: text,
    masterUserPassword: exactly({ namespace: text, name: text, key: text }, ['name', 'key']),
    manageMasterUserPassword: flag,
    dbSubnetGroupName: { type: 'string' },
    dbClusterIdentifier: text,
    dbSnapshotIdentifier: text,
    vpcSecurityGroupIDs: listOf(text),
    backupRetentionPeriod: count,
    multiAZ: flag,
    publiclyAccessible: flag,
    deletionProtection: flag,
    autoMinorVersionUpgrade: flag,
    copyTagsToSnapshot: flag,
    tags: listOf(exactly({ key: text, value: text }, ['key'])),
  },
  ['dbInstanceIdentifier', 'dbInstanceClass', 'engine'],
);

/** Of the AWS Load Balancer Controller 3. */
const ingressClassParams = exactly({
  group: exactly({ name: { type: 'string', pattern: '^[a-z0-9.-]{1,63}$' } }, ['name']),
  namespaceSelector: exactly({ matchLabels: mapOf(text), matchExpressions: listOf({ type: 'object' }) }),
  scheme: { enum: ['internal', 'internet-facing'] },
  targetType: { enum: ['instance', 'ip'] },
  sslRedirectPort: text,
  sslPolicy: text,
  certificateArn: listOf(text),
  ipAddressType: { enum: ['ipv4', 'dualstack'] },
});

export const OWN_SCHEMAS: ReadonlyMap<string, Schema> = new Map([
  ['kro.run/v1alpha1 ResourceGraphDefinition', kindOf('kro.run/v1alpha1', 'ResourceGraphDefinition', resourceGraph)],
  ['rds.services.k8s.aws/v1alpha1 DBInstance', kindOf('rds.services.k8s.aws/v1alpha1', 'DBInstance', dbInstance)],
  ['elbv2.k8s.aws/v1beta1 IngressClassParams', kindOf('elbv2.k8s.aws/v1beta1', 'IngressClassParams', ingressClassParams)],
]);
