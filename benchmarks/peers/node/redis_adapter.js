// Where the provider keeps what it issues, by the interface of adapters that its documentation describes: each model is
// one key with an end, whatever is consumed says when, and what belongs to a grant is listed with it.

const CONSUMABLE = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']);
const OF_A_GRANT = new Set([...CONSUMABLE, 'AccessToken']);

export function adapterOver(redis) {
  return class RedisAdapter {
    constructor(name) {
      this.name = name;
    }

    key(id) {
      return `${this.name}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
      const key = this.key(id);
      const dumped = JSON.stringify(payload);
      const commands = redis.multi();
      if (CONSUMABLE.has(this.name)) commands.hset(key, 'payload', dumped);
      else commands.set(key, dumped);
      if (expiresIn) commands.expire(key, expiresIn);
      if (OF_A_GRANT.has(this.name) && payload.grantId) {
        const list = `grant:${payload.grantId}`;
        commands.rpush(list, key);
        if (expiresIn) commands.expire(list, expiresIn, 'GT').expire(list, expiresIn, 'NX');
      }
      if (payload.userCode) commands.set(`userCode:${payload.userCode}`, id, 'EX', expiresIn);
      if (payload.uid) commands.set(`uid:${payload.uid}`, id, 'EX', expiresIn);
      await commands.exec();
    }

    async find(id) {
      if (!CONSUMABLE.has(this.name)) {
        const dumped = await redis.get(this.key(id));
        return dumped ? JSON.parse(dumped) : undefined;
      }
      const { payload, ...more } = await redis.hgetall(this.key(id));
      return payload ? { ...more, ...JSON.parse(payload) } : undefined;
    }

    async findByUserCode(userCode) {
      const id = await redis.get(`userCode:${userCode}`);
      return id ? this.find(id) : undefined;
    }

    async findByUid(uid) {
      const id = await redis.get(`uid:${uid}`);
      return id ? this.find(id) : undefined;
    }

    async consume(id) {
      await redis.hset(this.key(id), 'consumed', Math.floor(Date.now() / 1000));
    }

    async destroy(id) {
      await redis.del(this.key(id));
    }

    async revokeByGrantId(grantId) {
      const list = `grant:${grantId}`;
      await redis.del(list, ...(await redis.lrange(list, 0, -1)));
    }
  };
}
