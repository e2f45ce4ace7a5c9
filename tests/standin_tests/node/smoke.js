// Logs in, binds, loads an array with batch errors, fetches, rolls back; prints what it saw as one JSON line.
"use strict";

const oracledb = require("oracledb");

async function main([dsn, user, password, insert, select]) {
  const seen = {};
  const connection = await oracledb.getConnection({ connectString: dsn, user, password });
  seen.version = connection.oracleServerVersionString;
  await connection.ping();
  const rows = Array.from({ length: 3000 }, (_, id) => ({ a: id, b: "żółć " + "x".repeat(id % 400), c: null }));
  const loaded = await connection.executeMany(insert, rows, {
    batchErrors: true,
    bindDefs: {
      a: { type: oracledb.NUMBER },
      b: { type: oracledb.STRING, maxSize: 2000 },
      c: { type: oracledb.STRING, maxSize: 10 },
    },
  });
  seen.rowsAffected = loaded.rowsAffected;
  seen.batchErrors = (loaded.batchErrors || []).map((fault) => [fault.offset, fault.message.slice(0, 9)]);
  await connection.commit();
  const result = await connection.execute(select);
  seen.columns = result.metaData.map((column) => column.name);
  seen.rows = result.rows;
  try {
    await connection.execute("this is no statement");
  } catch (refused) {
    seen.refused = refused.errorNum;
  }
  await connection.rollback();
  await connection.close();
  try {
    await oracledb.getConnection({ connectString: dsn, user, password: password + "?" });
  } catch (refused) {
    seen.wrongPassword = refused.errorNum || refused.code;
  }
  console.log(JSON.stringify(seen));
}

main(process.argv.slice(2)).catch((fault) => {
  console.error(fault);
  process.exit(1);
});
