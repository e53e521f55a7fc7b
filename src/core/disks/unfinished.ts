/** Half-made things: what a mkfs.xfs or mdadm that was cut off has left. blkid takes them for whole, and no run could ever use them. */

/** As much of the beginning of a device as is looked at. */
export const BEGINNING_BYTES = 8192;

export interface Unfinished {
  readonly type: 'xfs' | 'linux_raid_member';
  /** As blkid writes it. */
  readonly uuid: string;
}

/** XFS: sb_magicnum, sb_uuid and sb_inprogress, which mkfs.xfs clears last of all; the kernel mounts none where it is set (xfs_format.h). */
const XFS = { magic: 0x58465342, uuid: 32, inProgress: 126 } as const;
/** An md superblock of version 1.2: magic, set_uuid, and events, which is 0 until an array with redundancy has run (md_p.h). */
const MD = { at: 4096, magic: 0xa92b4efc, uuid: 16, events: 200 } as const;

const uuidAt = (bytes: Uint8Array, at: number): string => {
  const hex = [...bytes.subarray(at, at + 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

/**
 * undefined: nothing half-made is there. A member of a RAID 0 says the same for ever; only a set that lacks members is known to be half-made.
 */
export const unfinishedOf = (bytes: Uint8Array): Unfinished | undefined => {
  if (bytes.length < BEGINNING_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0) === XFS.magic && bytes[XFS.inProgress] === 1) return { type: 'xfs', uuid: uuidAt(bytes, XFS.uuid) };
  const isMember = view.getUint32(MD.at, true) === MD.magic && view.getUint32(MD.at + 4, true) === 1;
  return isMember && view.getBigUint64(MD.at + MD.events, true) === 0n
    ? { type: 'linux_raid_member', uuid: uuidAt(bytes, MD.at + MD.uuid) }
    : undefined;
};
