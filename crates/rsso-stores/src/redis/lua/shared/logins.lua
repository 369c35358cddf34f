-- What scripts do with the logins of records: functions of a table that is made where it is needed. A script's functions
-- are made anew at each call, and most sessions have no login.
local function with_logins()
  local logins = {}

  -- A user's key outlives the user's sessions by an hour, and is extended when ten minutes of it are left. So it need
  -- not be extended each time, and a user who comes back is told what has expired.
  -- Returns for how long the key lives then, and whether it was extended; `left` is for how long it lived, if that is known.
  function logins.extend_key(key, ttl, left)
    left = left or redis.call('PTTL', key)
    if left >= ttl + 600000 then return left, false end
    if redis.call('PEXPIRE', key, ttl + 3600000) == 0 then return 0, false end
    return ttl + 3600000, true
  end

  -- Extends a user's key, and the order of the user's logins if there is one. Returns for how long the key lives then.
  function logins.extend_user(record, user, ttl, left)
    local key, is_extended = user_key(record, user), nil
    left, is_extended = logins.extend_key(key, ttl, left)
    if is_extended then redis.call('PEXPIRE', order_key(prefix_of(record), key), left) end
    return left
  end

  -- Until when a user's key lives that lives for so long, on the server's clock; as in a record.
  function logins.lives_until(left) return now_ms() + math.max(left, 0) end

  -- What a record of format 2 holds of its login; see record.rs. `entry` is entry's; the user's key lives for `left`.
  function logins.block(entry, login, user, left)
    return entry .. struct.pack('>I4I8', #entry, logins.lives_until(left)) .. login .. user
  end

  -- Identity and metadata of a login, as in a record.
  function logins.entry(identity, more) return identity .. '\n' .. more end

  -- The entry that a record holds; of an old record, from the user's key (`found.entry`).
  function logins.entry_of(record, found)
    if found.magic == 'R1' then
      local stored = cjson.decode(found.entry)
      return logins.entry(stored.i, stored.m)
    end
    local size = struct.unpack('>I4', redis.call('GETRANGE', record, -TRAILER - BINDING - SIZES, -TRAILER - BINDING - 1))
    local stop = -TRAILER - BINDING - SIZES - 1
    return redis.call('GETRANGE', record, stop - size + 1, stop)
  end

  -- Writes a login into an existing record, in place of what it has. The user's key lives for `left`, which is enough.
  function logins.bind(record, found, login, user, entry, state, left)
    local length = found.length or redis.call('STRLEN', record)
    local at = length - TRAILER
    if found.state ~= 'S' then
      at = at - BINDING
      if found.magic == 'R2' then at = at - SIZES - struct.unpack('>I4', redis.call('GETRANGE', record, at - SIZES, at - 1)) end
    end
    -- A record cannot be cut without a copy of the data. Spaces behind JSON mean nothing.
    local surplus = length - (at + #entry + SIZES + BINDING + TRAILER)
    if surplus > 0 then entry = entry .. string.rep(' ', surplus) end
    redis.call('SETRANGE', record, at, logins.block(entry, login, user, left) .. 'R2' .. state .. found.generation .. found.revision)
  end

  -- Extends the user's key for a record with a login, and notes in the record until when it lives. An old record becomes
  -- one of format 2.
  function logins.extend(record, found, ttl)
    local left = logins.extend_user(record, found.user, ttl)
    if found.magic == 'R1' then
      logins.bind(record, found, found.login, found.user, logins.entry_of(record, found), found.state, left)
    else
      redis.call('SETRANGE', record, redis.call('STRLEN', record) - TRAILER - BINDING - 8, struct.pack('>I8', logins.lives_until(left)))
    end
  end

  return logins
end
