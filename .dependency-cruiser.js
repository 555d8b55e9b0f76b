import swc from '@swc/core';

// dependency-cruiser's swc parser does not switch JSX on for .tsx files.
const parseFile = swc.parseFileSync;
swc.parseFileSync = (file, options) => parseFile(file, { ...options, tsx: file.endsWith('.tsx') });

/** Who may import whom: the table of docs/architecture.md, section Rooms. `npm run check` enforces it. */
const SERVICES = ['domain', 'store', 'collector', 'api/src', 'agent', 'cli'];

/** A room may import itself, these rooms, these packages, and Node's own modules unless `isPure`. */
const ROOMS = [
  {
    room: 'domain/src',
    rooms: [],
    packages: [],
    isPure: true,
    except: 'domain/src/(wire|rest)/|\\.test\\.ts$|builders\\.ts$',
  },
  {
    room: 'domain/src/(wire|rest)',
    rooms: ['domain'],
    packages: ['zod'],
    isPure: true,
    except: '\\.test\\.ts$',
  },
  {
    room: 'store/src',
    rooms: ['domain'],
    packages: ['@clickhouse/client', 'chdb', 'ffi-rs', 'zod'],
  },
  {
    room: 'collector/src',
    rooms: ['domain', 'store'],
    packages: [
      '@kubernetes/client-node',
      'fastify',
      '@fastify/websocket',
      'prom-client',
      'zod',
      'ws',
    ],
  },
  {
    room: 'api/src',
    rooms: ['domain', 'store'],
    packages: [
      'fastify',
      'fastify-type-provider-zod',
      '@fastify/rate-limit',
      '@fastify/static',
      '@fastify/swagger',
      '@fastify/swagger-ui',
      '@fastify/websocket',
      'prom-client',
      'zod',
    ],
  },
  { room: 'agent/src', rooms: ['domain'], packages: ['ws', 'zod'] },
  // The terminal draws with the words of the page.
  {
    room: 'cli/src',
    rooms: [...SERVICES, 'grafana-plugin/src/view'],
    packages: ['commander', 'ws', 'zod', 'vite'],
  },
  { room: 'grafana-plugin/src/view', rooms: ['domain'], packages: ['react', 'react-dom'] },
  // Tests of these run without the plugin's own node_modules.
  {
    room: 'grafana-plugin/src/(frames|rest)',
    rooms: ['domain', 'grafana-plugin/src/(frames|rest|view)'],
    packages: [],
  },
  {
    room: 'api/web/src',
    rooms: ['domain', 'grafana-plugin/src/view'],
    packages: ['react', 'react-dom'],
  },
];

const TESTS = '\\.test\\.tsx?$';

function rulesFor({ room, rooms, packages, isPure, except }) {
  const from = { path: `^${room}/`, pathNot: except ?? TESTS };
  const own = [room, ...rooms].map((each) => `^${each}/`);
  const known = packages.map((name) => `(^|/)node_modules/(@types/)?${name}/`);
  return {
    name: `${room} imports only what its row allows`,
    severity: 'error',
    from,
    to: {
      pathNot: [...own, ...known, ...(isPure ? [] : ['^node:', '^[a-z_/]+$'])],
      dependencyTypesNot: isPure ? [] : ['core'],
    },
  };
}

export default {
  forbidden: [
    ...ROOMS.map(rulesFor),
    {
      name: 'no circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'every import resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'types of React stay out of services',
      severity: 'error',
      from: { path: `^(${SERVICES.join('|')})/` },
      to: { path: 'node_modules/react' },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    // What is built with the libraries of Grafana is checked by the plugin's own compiler.
    exclude: {
      path: '(^|/)(build|dist)/|^test/grafana-host/browser/|^grafana-plugin/(src/(datasource|host|[a-z]+-panel|module)|[.]config|webpack|playwright|tests/)',
    },
    moduleSystems: ['es6'],
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mts', '.js', '.mjs', '.json'],
    },
  },
};
