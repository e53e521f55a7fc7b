import t from 'tap';
import { dockerConfigOf } from '../../src/core/docker.ts';
import { DOCKER_CONFIG } from '../../src/core/paths.ts';
import { decidedOf, factsWith, specWith } from './support/plain.ts';

const driverOf = (args: readonly string[], file: string | null = null): string =>
  decidedOf(dockerConfigOf(specWith(args), factsWith({ host: { files: { [DOCKER_CONFIG]: file } } }), null)).cgroupDriver.value;

t.test('the cgroup driver is docker’s', async (t) => {
  t.equal(driverOf([]), 'cgroupfs');
  t.equal(driverOf([], '{}'), 'cgroupfs');
  t.equal(driverOf([], '{"exec-opts": ["native.cgroupdriver=systemd"]}'), 'systemd');
  t.equal(driverOf([], '{"exec-opts": ["native.cgroupdriver=systemd", 7, "native.cgroupdriver=cgroupfs"]}'), 'cgroupfs', 'the last one');
  t.equal(driverOf([], '{"exec-opts": "native.cgroupdriver=systemd"}'), 'cgroupfs', 'not a list');
  t.equal(driverOf([], '{ broken'), 'cgroupfs', 'the plan says that it is broken');
  t.equal(
    driverOf(['--docker-config-json', '{}'], '{"exec-opts": ["native.cgroupdriver=systemd"]}'),
    'cgroupfs',
    'what is replaced does not count',
  );
});

t.test('a document that was given is not shown', async (t) => {
  const { source } = decidedOf(dockerConfigOf(specWith(['--docker-config-json', '{"proxies": "http://u:hunter2@x"}']), factsWith(), null));
  t.notMatch(JSON.stringify(source), /hunter2/);
});
