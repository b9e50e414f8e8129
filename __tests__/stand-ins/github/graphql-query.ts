/** Enough of GraphQL to read the queries that are used: operations, fields, arguments, aliases, inline fragments. */

export interface Field {
  alias: string;
  name: string;
  arguments: Record<string, unknown>;
  fields: Field[];
}

export interface Query {
  operation: 'query' | 'mutation';
  fields: Field[];
}

const token =
  /[\s,]+|#[^\n]*|"""[\s\S]*?"""|"(?:[^"\\]|\\.)*"|\.\.\.|[{}()[\]:!$=@|]|-?\d+(?:\.\d+)?|[_A-Za-z]\w*/y;

function tokens(text: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const start = token.lastIndex;
    const match = token.exec(text);
    if (!match) throw new Error(`Parse error on ${JSON.stringify(text.slice(start, start + 20))}`);
    if (!/^[\s,#]/.test(match[0])) found.push(match[0]);
  }
  return found;
}

/** Reads one operation and puts the variables in. */
export function parseQuery(text: string, variables: Record<string, unknown>): Query {
  const rest = tokens(text);
  const at = (index: number): string | undefined => rest[index];
  const next = () => rest.shift() ?? '';
  const expect = (wanted: string) => {
    const got = next();
    if (got !== wanted) throw new Error(`Parse error on ${JSON.stringify(got)}, expected ${wanted}`);
  };

  function value(): unknown {
    const first = next();
    if (first === '$') {
      const name = next();
      if (!(name in variables)) throw new Error(`Variable $${name} was provided no value`);
      return variables[name];
    }
    if (first === '[') {
      const items: unknown[] = [];
      while (at(0) !== ']') items.push(value());
      next();
      return items;
    }
    if (first === '{') {
      const fields: Record<string, unknown> = {};
      while (at(0) !== '}') {
        const name = next();
        expect(':');
        fields[name] = value();
      }
      next();
      return fields;
    }
    if (first.startsWith('"""')) return first.slice(3, -3);
    if (first.startsWith('"') || /^-?\d/.test(first)) return JSON.parse(first);
    if (first === 'true' || first === 'false') return first === 'true';
    return first === 'null' ? null : first;
  }

  function selection(): Field[] {
    expect('{');
    const fields: Field[] = [];
    while (at(0) !== '}') {
      if (rest.length === 0) throw new Error('Parse error on end of query');
      if (at(0) === '...') {
        rest.splice(0, at(1) === 'on' ? 3 : 1);
        fields.push(...selection());
        continue;
      }
      let name = next();
      const alias = name;
      if (at(0) === ':') {
        next();
        name = next();
      }
      const given: Record<string, unknown> = {};
      if (at(0) === '(') {
        next();
        while (at(0) !== ')') {
          const argument = next();
          expect(':');
          given[argument] = value();
        }
        next();
      }
      fields.push({ alias, name, arguments: given, fields: at(0) === '{' ? selection() : [] });
    }
    next();
    return fields;
  }

  const operation = at(0) === 'mutation' ? 'mutation' : 'query';
  // The name and the types of the variables say nothing that the values do not.
  while (rest.length > 0 && at(0) !== '{') {
    if (at(0) === '(') {
      while (rest.length > 0 && at(0) !== ')') next();
    }
    next();
  }
  return { operation, fields: selection() };
}
