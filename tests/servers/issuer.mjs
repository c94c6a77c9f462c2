// An issuer of ID tokens (OpenID Connect Discovery), with Node's own cryptography. It gives them to jobs as GitHub Actions does:
// whoever has the job's token asks at the job's address for one that is for an audience.
import { generateKeyPairSync, sign } from "node:crypto";
import http from "node:http";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = { ...publicKey.export({ format: "jwk" }), kid: "first", use: "sig", alg: "ES256" };

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(claims) {
  const text = `${encode({ alg: "ES256", typ: "JWT", kid: key.kid })}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

const server = http.createServer((request, response) => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const { pathname, searchParams } = new URL(request.url, issuer);
  const answer = (status, body) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  switch (pathname) {
    case "/.well-known/openid-configuration":
      return answer(200, { issuer, jwks_uri: `${issuer}/keys` });
    case "/keys":
      return answer(200, { keys: [key] });
    case "/token": {
      if (request.headers.authorization !== "Bearer of-the-job") return answer(401, {});
      const { audience, ...claims } = Object.fromEntries(searchParams);
      const now = Math.floor(Date.now() / 1000);
      const times = { iat: now, nbf: now, exp: now + 300 };
      return answer(200, { value: token({ iss: issuer, aud: audience, ...times, ...claims }) });
    }
    default:
      return answer(404, {});
  }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
