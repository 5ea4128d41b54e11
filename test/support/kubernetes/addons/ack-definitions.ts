import type { JsonSchema } from '../validation/json-schema.ts';
import { defineKind } from './define-kind.ts';

const TEXT: JsonSchema = { type: 'string' };
const FLAG: JsonSchema = { type: 'boolean' };
const NUMBER: JsonSchema = { type: 'integer' };
const TEXTS: JsonSchema = { type: 'array', items: TEXT };
const REFERENCE: JsonSchema = {
  type: 'object',
  properties: { from: { type: 'object', properties: { name: TEXT, namespace: TEXT } } },
};
const PAIRS: JsonSchema = { type: 'array', items: { type: 'object', properties: { key: TEXT, value: TEXT } } };

const SPEC: JsonSchema = {
  type: 'object',
  required: ['dbInstanceClass', 'dbInstanceIdentifier', 'engine'],
  properties: {
    ...{ dbInstanceClass: TEXT, dbInstanceIdentifier: TEXT, engine: TEXT, engineVersion: TEXT, dbName: TEXT },
    ...{
      allocatedStorage: NUMBER,
      maxAllocatedStorage: NUMBER,
      storageType: TEXT,
      storageEncrypted: FLAG,
      iops: NUMBER,
      kmsKeyID: TEXT,
    },
    ...{ masterUsername: TEXT, manageMasterUserPassword: FLAG, port: NUMBER, licenseModel: TEXT, networkType: TEXT },
    masterUserPassword: {
      type: 'object',
      required: ['key'],
      properties: { namespace: TEXT, name: TEXT, key: TEXT },
      'x-kubernetes-map-type': 'atomic',
    },
    ...{ dbSubnetGroupName: TEXT, dbSubnetGroupRef: REFERENCE, dbParameterGroupName: TEXT, dbParameterGroupRef: REFERENCE },
    ...{
      vpcSecurityGroupIDs: TEXTS,
      vpcSecurityGroupRefs: { type: 'array', items: REFERENCE },
      availabilityZone: TEXT,
      multiAZ: FLAG,
    },
    ...{ backupRetentionPeriod: NUMBER, preferredBackupWindow: TEXT, preferredMaintenanceWindow: TEXT, copyTagsToSnapshot: FLAG },
    ...{ publiclyAccessible: FLAG, deletionProtection: FLAG, autoMinorVersionUpgrade: FLAG, caCertificateIdentifier: TEXT },
    ...{ dbSnapshotIdentifier: TEXT, dbClusterIdentifier: TEXT, optionGroupName: TEXT, characterSetName: TEXT, tags: PAIRS },
    ...{
      enableIAMDatabaseAuthentication: FLAG,
      performanceInsightsEnabled: FLAG,
      monitoringInterval: NUMBER,
      enableCloudwatchLogsExports: TEXTS,
    },
  },
};

/** ACK's database instance. Its status is the controller's business and is not checked. */
export const ackDefinitions = [
  defineKind({ group: 'rds.services.k8s.aws', version: 'v1alpha1', kind: 'DBInstance', plural: 'dbinstances', spec: SPEC }),
];
