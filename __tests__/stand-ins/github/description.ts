import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

interface Parameter {
  name: string;
  in: 'path' | 'query';
  required?: boolean;
  'x-multi-segment'?: boolean;
  schema: { type?: string };
}

interface Operation {
  operationId: string;
  parameters: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, unknown> };
  responses: Record<string, { $ref?: string; content?: Record<string, unknown> }>;
}

/** One operation of GitHub's description, found by method and path. */
export interface Described {
  id: string;
  operation: Operation;
  pointer: string;
  parameters: Record<string, string>;
}

interface Pattern {
  method: string;
  regex: RegExp;
  literals: number;
  names: string[];
  pointer: string;
  operation: Operation;
}

interface Document {
  paths: Record<string, Record<string, Operation & { parameters?: (Parameter & { $ref?: string })[] }>>;
  components: { parameters: Record<string, Parameter> };
}

const pointed = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1');

let loaded: { ajv: Ajv; patterns: Pattern[]; document: Document } | undefined;
const compiled = new Map<string, ValidateFunction>();

function load() {
  if (loaded) return loaded;
  const file = join(import.meta.dirname, 'openapi.json');
  const document = JSON.parse(readFileSync(file, 'utf8')) as Document;
  // Compiling is what costs: shared schemas once, and no second pass over the code for a few hundred answers.
  const ajv = new Ajv({
    strict: false,
    logger: false,
    allErrors: true,
    inlineRefs: false,
    code: { optimize: false },
  });
  formats.default(ajv);
  ajv.addSchema({ $id: 'github', ...document });
  const patterns = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => toPattern(document, path, method, operation)),
  );
  // `commits/{ref}` takes slashes too, so the path that says more goes first.
  patterns.sort((a, b) => b.literals - a.literals);
  loaded = { ajv, patterns, document };
  return loaded;
}

function toPattern(document: Document, path: string, method: string, raw: Operation): Pattern {
  const parameters = (raw.parameters ?? []).map((given: Parameter & { $ref?: string }) => {
    const name = given.$ref?.split('/').at(-1);
    return name ? document.components.parameters[name]! : given;
  });
  const names: string[] = [];
  let literals = 0;
  const parts = path.split('/').map((part) => {
    if (!part.startsWith('{')) {
      literals += 1;
      return part;
    }
    const name = part.slice(1, -1);
    names.push(name);
    const long = parameters.find((parameter) => parameter.name === name)?.['x-multi-segment'];
    return long ? '(.+)' : '([^/]+)';
  });
  return {
    method: method.toUpperCase(),
    // The root of the contents is asked for with no path at all.
    regex: new RegExp(`^${parts.join('/').replace('/contents/(.+)', '/contents(?:/(.*))?')}$`),
    literals,
    names,
    pointer: `#/paths/${pointed(path)}/${method}`,
    operation: { ...raw, parameters },
  };
}

/** Every operationId the description holds. */
export function operationIds(): string[] {
  return load().patterns.map((pattern) => pattern.operation.operationId);
}

/** Finds the operation a request means. */
export function describe(method: string, path: string): Described | undefined {
  for (const pattern of load().patterns) {
    const match = pattern.method === method ? pattern.regex.exec(path) : null;
    if (!match) continue;
    const values = match.slice(1).map((value) => decodeURIComponent(value ?? ''));
    const parameters = Object.fromEntries(pattern.names.map((name, index) => [name, values[index] ?? '']));
    return {
      id: pattern.operation.operationId,
      operation: pattern.operation,
      pointer: pattern.pointer,
      parameters,
    };
  }
  return undefined;
}

function check(pointer: string, value: unknown): string[] {
  const { ajv } = load();
  let validate = compiled.get(pointer);
  if (!validate) {
    validate = ajv.compile({ $ref: `github${pointer}` });
    compiled.set(pointer, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? [])
    .slice(0, 5)
    .map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`);
}

export interface BadRequest {
  /** For `violations`. */
  problems: string[];
  /** GitHub's words for it. */
  message: string;
}

// GitHub's own words for a body its schema refuses.
function words(problems: string[], body: unknown): string {
  const long = problems.find((problem) => /must NOT have more than \d+ items/.test(problem));
  if (!long) return `Invalid request.\n\n${problems.join('\n')}`;
  const [pointer = '', most] = [long.split(' ')[0], /(\d+) items/.exec(long)?.[1]];
  let here = body;
  for (const part of pointer.split('/').slice(1)) here = (here as Record<string, unknown>)[part];
  const supplied = Array.isArray(here) ? here.length : 0;
  return `Invalid request.\n\nNo more than ${most} items are allowed; ${supplied} were supplied.`;
}

/** Holds a request against the description. */
export function checkRequest(
  found: Described,
  query: URLSearchParams,
  body: unknown,
): BadRequest | undefined {
  const problems: string[] = [];
  for (const parameter of found.operation.parameters) {
    const value =
      parameter.in === 'path' ? found.parameters[parameter.name] : (query.get(parameter.name) ?? undefined);
    if (value === undefined) {
      if (parameter.required) problems.push(`${parameter.in} parameter ${parameter.name} is missing`);
      continue;
    }
    const index = found.operation.parameters.indexOf(parameter);
    const typed = coerce(value, parameter.schema);
    for (const problem of checkParameter(found, index, typed)) problems.push(`${parameter.name}: ${problem}`);
  }
  const known = new Set(found.operation.parameters.map((parameter) => parameter.name));
  for (const name of query.keys()) if (!known.has(name)) problems.push(`unknown query parameter ${name}`);
  if (problems.length > 0) return { problems, message: `Invalid request.\n\n${problems.join('\n')}` };

  const { requestBody } = found.operation;
  if (!requestBody) {
    return body === undefined
      ? undefined
      : { problems: ['no body is described'], message: 'Invalid request.' };
  }
  if (body === undefined && !requestBody.required) return undefined;
  const bad = check(`${found.pointer}/requestBody/content/application~1json/schema`, body ?? {});
  return bad.length > 0 ? { problems: bad, message: words(bad, body) } : undefined;
}

function coerce(value: string, schema: { type?: string }): unknown {
  if (schema.type === 'integer' || schema.type === 'number')
    return /^-?\d+$/.test(value) ? Number(value) : value;
  if (schema.type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
  return value;
}

function checkParameter(found: Described, index: number, value: unknown): string[] {
  const parameter = found.operation.parameters[index]!;
  const { document } = load();
  const shared = Object.entries(document.components.parameters).find(([, given]) => given === parameter);
  if (shared) return check(`#/components/parameters/${pointed(shared[0])}/schema`, value);
  return check(`${found.pointer}/parameters/${index}/schema`, value);
}

/** Holds an answer against the description; what comes back is a fault of the stand-in. */
export function checkAnswer(found: Described, status: number, body: unknown): string[] {
  const response = found.operation.responses[String(status)];
  if (!response) {
    // Any operation may refuse: the description names 401, 403, 404 and 422 only here and there.
    if (status >= 400) return check('#/components/schemas/basic-error', body);
    return [`status ${status} is not described`];
  }
  const { components } = load().document as unknown as {
    components: { responses: Record<string, typeof response> };
  };
  const name = response.$ref?.split('/').at(-1);
  const pointer = name ? `#/components/responses/${pointed(name)}` : `${found.pointer}/responses/${status}`;
  const content = (name ? components.responses[name] : response)?.content;
  const type = content && Object.keys(content).find((key) => key.includes('json'));
  if (!content || !type) {
    if (status >= 400) return check('#/components/schemas/basic-error', body);
    return body === undefined ? [] : ['no body is described'];
  }
  return check(`${pointer}/content/${pointed(type)}/schema`, body);
}
