// GraphQL over the protocol graphql-transport-ws: PORT=9001 node graphql.mjs
import { randomUUID } from 'node:crypto';
import { GraphQLObjectType, GraphQLSchema, GraphQLString, GraphQLInt, GraphQLNonNull } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
const from = process.env.ALTERED ? 4 : 3;
const fields = (fields) => Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, { type: new GraphQLNonNull(type) }]));
const query = new GraphQLObjectType({
  name: 'Query',
  fields: { hello: { type: GraphQLString, resolve: () => 'world' }, broken: { type: GraphQLString, resolve: () => { throw new Error('it is broken'); } } },
});
const tick = new GraphQLObjectType({ name: 'Tick', fields: fields({ left: GraphQLInt, id: GraphQLString, at: GraphQLString }) });
async function* countdown() {
  for (let left = from; left > 0; left--) yield { countdown: { left, id: randomUUID(), at: new Date().toISOString() } };
}
const subscription = new GraphQLObjectType({ name: 'Subscription', fields: { countdown: { type: tick, subscribe: countdown } } });
const schema = new GraphQLSchema({ query, subscription });
const server = new WebSocketServer({ port: process.env.PORT, host: '127.0.0.1', path: '/graphql' });
useServer({ schema, onConnect: ({ connectionParams }) => connectionParams?.token !== 'wrong' }, server);
