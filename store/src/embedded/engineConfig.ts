/** The config.xml and users.xml of the embedded engine. Written anew at every start. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { grantsOf, type Limit, limitsOf, ROLES, type Role, userOf } from '../users/roles.ts';

export const ENGINE_USER = 'hoptrace';
export const ENGINE_DATABASE = 'hoptrace';
export type RolePasswords = Readonly<Record<Role, string>>;
export const ENGINE_LOG = 'engine.log';

export interface EngineMemory {
  readonly serverBytes: number;
  /** Of one query, or insert. */
  readonly queryBytes: number;
}

/**
 * Bounds of the engine's memory: the whole product must stay below 600 MB resident. The engine compares the
 * first bound with its resident size, of which 210 to 230 MB are clean pages of the library: 265 MB idle and
 * 370 MB under 7,000 rows/s with queries (15 s) were measured. The control group is not heeded: it counts
 * the collector, the API and the page cache as well.
 */
export const ENGINE_MEMORY: EngineMemory = { serverBytes: 400_000_000, queryBytes: 160_000_000 };
const MARK_CACHE_BYTES = 8_388_608;

const escapeXml = (text: string) =>
  text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * clickhouse-local opens its own session as `default` without a password before it listens, so that
 * user has to exist. The HTTP handlers shut it out: a request that does not carry the generated
 * password in its headers finds no handler at all. Who has a password could still ask to be `default` by the parameter
 * `user`; that is why `default` may have one session, which the engine's own one is for as long as the engine runs.
 */
export function engineConfigXml(options: {
  readonly engineDir: string;
  readonly password: string;
  readonly passwords: RolePasswords;
  readonly memory?: EngineMemory | undefined;
  /** Further elements. */
  readonly more?: string;
}): string {
  const { serverBytes } = options.memory ?? ENGINE_MEMORY;
  const file = (name: string) => escapeXml(path.join(options.engineDir, name));
  const users: readonly (readonly [string, string])[] = [
    [ENGINE_USER, options.password],
    ...ROLES.map((role) => [userOf(role), options.passwords[role]] as const),
  ];
  return `<clickhouse>
  <logger>
    <console>0</console>
    <log>${file(ENGINE_LOG)}</log><size>5M</size><count>2</count>
  </logger>
  <users_config>${file('users.xml')}</users_config>
  <http_handlers>
    <rule><url>/ping</url><handler><type>ping</type></handler></rule>
    ${users.flatMap(queryRules).join('\n    ')}
  </http_handlers>
  <max_server_memory_usage>${serverBytes}</max_server_memory_usage>
  <memory_worker_use_cgroup>0</memory_worker_use_cgroup>
  <mark_cache_size>${MARK_CACHE_BYTES}</mark_cache_size>
  <index_mark_cache_size>${MARK_CACHE_BYTES}</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <compiled_expression_cache_size>4194304</compiled_expression_cache_size>
  <query_condition_cache_size>4194304</query_condition_cache_size>
  <primary_index_cache_size>16777216</primary_index_cache_size>
  <mmap_cache_size>64</mmap_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>1</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <merge_tree>
    <merge_max_block_size>1024</merge_max_block_size>
    <max_bytes_to_merge_at_max_space_in_pool>1073741824</max_bytes_to_merge_at_max_space_in_pool>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>0</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>0</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>0</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  ${options.more ?? ''}
</clickhouse>
`;
}

function queryRules([user, password]: readonly [string, string]): string[] {
  const basic = Buffer.from(`${user}:${password}`).toString('base64');
  return [
    queryRule({ Authorization: `Basic ${basic}` }),
    queryRule({ 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password }),
  ];
}

function queryRule(headers: Readonly<Record<string, string>>): string {
  const conditions = Object.entries(headers).map(
    ([name, value]) => `<${name}>${escapeXml(value)}</${name}>`,
  );
  const handler = '<type>dynamic_query_handler</type><query_param_name>query</query_param_name>';
  return `<rule><headers>${conditions.join('')}</headers><handler>${handler}</handler></rule>`;
}

/** The product's user may use its own database and read system tables: no files, no URLs, no users. */
export function engineUsersXml(options: {
  readonly password: string;
  readonly passwords: RolePasswords;
  readonly memory?: EngineMemory | undefined;
}): string {
  const { queryBytes } = options.memory ?? ENGINE_MEMORY;
  const hash = sha256(options.password);
  const local = accessOf('default');
  return `<clickhouse>
  <profiles>
    <default>
      <max_memory_usage>${queryBytes}</max_memory_usage>
      <max_threads>2</max_threads>
      <max_insert_threads>1</max_insert_threads>
    </default>
    <alone><profile>default</profile><max_sessions_for_user>1</max_sessions_for_user></alone>
    ${ROLES.map((role) => profileXml(role, queryBytes)).join('\n    ')}
  </profiles>
  <users>
    <default>
      <no_password/>${accessOf('alone')}
      <grants>${grants([
        `CREATE DATABASE ON ${ENGINE_DATABASE}.*`,
        'TABLE ENGINE ON Atomic',
        'SYSTEM LISTEN ON *.*',
        'READ ON FILE',
        'CREATE TEMPORARY TABLE ON *.*',
      ])}</grants>
    </default>
    <${ENGINE_USER}>
      <password_sha256_hex>${hash}</password_sha256_hex>${local}
      <grants>${grants([
        `SELECT, INSERT, CREATE, ALTER, DROP, TRUNCATE, OPTIMIZE ON ${ENGINE_DATABASE}.*`,
        // For `hoptrace store check`, which makes the schema a second time to compare.
        `SELECT, INSERT, CREATE, ALTER, DROP ON ${ENGINE_DATABASE}_check.*`,
        // For `hoptrace store backup`, which reads each file once more by the function null().
        'CREATE TEMPORARY TABLE ON *.*',
        'SELECT ON system.*',
        'TABLE ENGINE ON *',
        'KILL QUERY ON *.*',
      ])}</grants>
    </${ENGINE_USER}>
    ${ROLES.map((role) => userXml(role, options.passwords[role])).join('\n    ')}
  </users>
  <quotas><default></default></quotas>
</clickhouse>
`;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const grants = (list: readonly string[]) =>
  list.map((grant) => `<query>GRANT ${grant}</query>`).join('');
const accessOf = (profile: string) =>
  `<networks><ip>127.0.0.1</ip></networks><profile>${profile}</profile><quota>default</quota>`;

function userXml(role: Role, password: string): string {
  const rights = grants(grantsOf(role, ENGINE_DATABASE));
  return `<${userOf(role)}><password_sha256_hex>${sha256(password)}</password_sha256_hex>${accessOf(role)}<grants>${rights}</grants></${userOf(role)}>`;
}

/** Beside what `default` bounds for everybody. */
function profileXml(role: Role, queryBytes: number): string {
  const limits = limitsOf(role, queryBytes);
  const values = limits.map(({ name, value }) => `<${name}>${value}</${name}>`).join('');
  return `<${role}><profile>default</profile>${values}<constraints>${limits.map(constraintXml).join('')}</constraints></${role}>`;
}

function constraintXml({ name, min, max }: Limit): string {
  const bounds = max === undefined ? '<const/>' : `<min>${min ?? 0}</min><max>${max}</max>`;
  return `<${name}>${bounds}</${name}>`;
}
