// Reads a session log with @mcap/core, once by its indexes and once as a stream with every checksum verified, and
// decodes messages with nothing but the schemas that the file itself holds.
import assert from "node:assert/strict";
import { open, readFile } from "node:fs/promises";
import { McapIndexedReader, McapStreamReader } from "@mcap/core";
import { decompress } from "fzstd";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";

const [logPath, expectedPath] = process.argv.slice(2);
const expected = JSON.parse(await readFile(expectedPath, "utf8"));
const decompressHandlers = { zstd: (buffer, size) => decompress(buffer, new Uint8Array(Number(size))) };

function messageType(schema) {
  const set = descriptor.FileDescriptorSet.decode(schema.data);
  return protobuf.Root.fromDescriptor(set).lookupType(schema.name);
}

async function checkIndexed() {
  const file = await open(logPath, "r");
  const readable = {
    size: async () => BigInt((await file.stat()).size),
    read: async (offset, size) => {
      const bytes = new Uint8Array(Number(size));
      const { bytesRead } = await file.read(bytes, 0, Number(size), Number(offset));
      assert.equal(bytesRead, Number(size));
      return bytes;
    },
  };
  const reader = await McapIndexedReader.Initialize({ readable, decompressHandlers });
  assert.equal(reader.header.profile, "vturn");
  assert.ok(reader.chunkIndexes.length > 1, "several chunks");
  for (const chunk of reader.chunkIndexes) {
    assert.equal(chunk.compression, expected.compression);
    assert.ok(chunk.messageIndexOffsets.size > 0);
  }
  assert.equal(reader.statistics.chunkCount, reader.chunkIndexes.length);
  assert.equal(reader.statistics.attachmentCount, 2);
  assert.equal(reader.statistics.metadataCount, 1);
  assert.equal(reader.summaryOffsetsByOpcode.size, 6);
  const topics = [...reader.channelsById.values()].map((channel) => channel.topic).sort();
  assert.deepEqual(topics, ["calibration", "digest", "heading", "health", "input", "population", "sealed", "session", "sleep", "trigger",
                            "turn", "veto"]);

  const types = new Map();
  for (const channel of reader.channelsById.values()) {
    assert.equal(channel.messageEncoding, "protobuf");
    const schema = reader.schemasById.get(channel.schemaId);
    assert.equal(schema.encoding, "protobuf");
    types.set(channel.topic, messageType(schema));
  }
  const messages = async (topic) => {
    const found = [];
    for await (const message of reader.readMessages({ topics: [topic] })) found.push(types.get(topic).decode(message.data));
    return found;
  };
  const headings = await messages("heading");
  assert.equal(headings.length, expected.headings);
  headings.forEach((heading, i) => {
    assert.equal(heading.angle_rad, i % 6);
    assert.equal(heading.angular_velocity_rad_s, -1.5);
    assert.equal(heading.header.session_id, "independent-reader");
    assert.equal(heading.header.sequence.toString(), String(i + 1));
    assert.equal(heading.header.session_time_ns.toString(), String(i * 10_000_000));
    assert.equal(heading.dynamics, 1);
  });
  const batches = await messages("input");
  // One a decision step, and one more for each step that the end of a chunk cuts in two.
  assert.ok(batches.length >= expected.batches && batches.length < expected.batches + reader.chunkIndexes.length);
  assert.equal(reader.statistics.messageCount, BigInt(batches.length + expected.headings + 1));
  const spikes = batches.flatMap((batch) => batch.inputs);
  assert.equal(spikes.length, expected.inputs);
  spikes.forEach((input, i) => {
    assert.equal(input.source_sample.toString(), String(i * 30));
    assert.equal(input.spike.unit, i % 32);
  });
  const digests = await messages("digest");
  assert.equal(digests.length, 1);
  assert.equal(digests[0].hash.toString(), expected.digest);
  assert.equal(digests[0].final, true);

  const attachments = new Map();
  for await (const attachment of reader.readAttachments()) attachments.set(attachment.name, attachment);
  assert.equal(new TextDecoder().decode(attachments.get("config.toml").data), '[rig]\nname = "m"\n');
  assert.equal(attachments.get("heading.json").mediaType, "application/json");
  for await (const metadata of reader.readMetadata()) assert.equal(metadata.metadata.get("source_0"), "ephys");
  await file.close();
  return reader.statistics;
}

async function checkStream(statistics) {
  const reader = new McapStreamReader({ validateCrcs: true, decompressHandlers });
  reader.append(await readFile(logPath));
  const counts = new Map();
  for (let record = reader.nextRecord(); record != undefined; record = reader.nextRecord())
    counts.set(record.type, (counts.get(record.type) ?? 0) + 1);
  assert.ok(reader.done());
  assert.equal(BigInt(counts.get("Message")), statistics.messageCount);
  assert.equal(counts.get("Attachment"), 2);
  assert.equal(counts.get("Footer"), 1);
}

await checkStream(await checkIndexed());
console.log(`${logPath}: ${expected.inputs} inputs, ${expected.headings} headings, indexes and checksums agree`);
