const noImport = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** One way: request → queue → job → steps → drivers. Each rule has a deliberate violation in test/gates/violations. */
export default {
  forbidden: [
    noImport(
      'apps-stay-apart',
      'Apps meet in packages/shared and in Redis only.',
      // The plugin's tests call it with the worker's client: that both agree is what they test.
      { path: '^(?:test/gates/violations/)?apps/([^/]+)/', pathNot: '^apps/plugin/tests/' },
      { path: '^(?:test/gates/violations/)?apps/', pathNot: '^(?:test/gates/violations/)?apps/$1/' },
    ),
    noImport(
      'shared-knows-nobody',
      'Contracts depend on nothing of ours.',
      { path: '^(?:test/gates/violations/)?packages/shared/' },
      { path: '^(?:test/gates/violations/)?(apps|packages/(?!shared/))' },
    ),
    noImport(
      'clients-know-the-api-by-http',
      'The command line meets the service where everybody does.',
      { path: '^(?:test/gates/violations/)?packages/cli/' },
      { path: '^(?:test/gates/violations/)?(apps/|packages/stack/)' },
    ),
    noImport(
      'engine-knows-no-job',
      'The engine is the same for every job.',
      { path: '/worker/src/engine/' },
      { path: '/worker/src/(jobs|drivers)/' },
    ),
    noImport(
      'drivers-know-no-job',
      'Drivers are called, they do not call.',
      { path: '/worker/src/drivers/' },
      { path: '/worker/src/(jobs|engine)/' },
    ),
    noImport(
      'jobs-know-driver-types-only',
      'A job gets its drivers from deps.ts.',
      { path: '/worker/src/jobs/', pathNot: '\\.test\\.ts$' },
      { path: '/worker/src/drivers/(browser|runtime|site)/', pathNot: '(\\.types|visit-site)\\.ts$' },
    ),
    noImport(
      'only-deps-constructs',
      'Implementations are named in composition roots and tests.',
      { path: '/worker/src/', pathNot: '(deps|main)\\.ts$|\\.test\\.ts$|/drivers/|/testing/' },
      { path: '/worker/src/drivers/.*(-driver|-runtime|\\.driver)\\.ts$' },
    ),
    noImport('no-cycles', 'Cycles hide which part knows which.', {}, { circular: true }),
    noImport(
      'no-tests-in-source',
      'Production code does not import tests.',
      { path: '^(apps|packages/shared)/', pathNot: '(\\.test|\\.contract|\\.bench)\\.ts$|/testing/|apps/plugin/tests/' },
      { path: '(\\.test\\.ts$|^test/|^packages/stack/)' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'node_modules|test/artefacts' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js'],
    },
  },
};
