// A WebSocket over HTTP/2 (RFC 8441), frame by frame: node websocket_peer.mjs ADDRESS
import http2 from 'node:http2';

const session = http2.connect(`http://${process.argv[2]}`);
session.on('error', (error) => { console.log(`failed: ${error}`); process.exit(1); });
session.once('remoteSettings', (settings) => {
  if (!settings.enableConnectProtocol) { console.log('failed: no extended CONNECT'); process.exit(1); }
  const stream = session.request({
    ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/room', ':authority': process.argv[2],
    'sec-websocket-version': '13',
    'sec-websocket-protocol': 'chat',
  }, { endStream: false });
  let octets = Buffer.alloc(0);
  let asked = false;
  stream.on('error', (error) => { console.log(`failed: ${error}`); process.exit(1); });
  stream.on('response', (headers) => {
    console.log(`status ${headers[':status']} ${headers['sec-websocket-protocol']}`);
    stream.write(Buffer.concat([Buffer.from([0x81, 0x85, 0, 0, 0, 0]), Buffer.from('hello')]));
  });
  stream.on('data', (data) => {
    octets = Buffer.concat([octets, data]);
    if (!asked && octets.length >= 7) {
      console.log(`frame ${octets.subarray(0, 7).toString('latin1').slice(2)}`);
      octets = octets.subarray(7);
      asked = true;
      stream.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]));
    } else if (asked && octets.length >= 4) {
      console.log(`closed ${octets.readUInt16BE(2)}`);
      stream.end();
      session.close();
    }
  });
});
setTimeout(() => { console.log('failed: too slow'); process.exit(1); }, 15000).unref();
