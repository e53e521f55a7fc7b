import t from 'tap';
import { unifiedDiff } from '../../src/core/diff.ts';

t.equal(unifiedDiff('/etc/x', 'a\n', 'a\n'), '', 'no difference, no text');
t.equal(unifiedDiff('/etc/x', null, null), '', 'not there, and not to be there');
t.equal(
  unifiedDiff('/etc/x', '1\n2\n3\n4\n5\n6\n7\n8\n', '1\n2\n3\n4\nfive\n6\n7\n8\n'),
  '--- a/etc/x\n+++ b/etc/x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n',
  'three lines around a change',
);
t.equal(unifiedDiff('/etc/x', null, 'a\n'), '--- /dev/null\n+++ b/etc/x\n@@ -0,0 +1,1 @@\n+a\n', 'a new file');
t.equal(unifiedDiff('/etc/x', 'a\n', null), '--- a/etc/x\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n', 'a file that goes');
t.equal(unifiedDiff('/etc/x', '', 'a\n'), '--- a/etc/x\n+++ b/etc/x\n@@ -0,0 +1,1 @@\n+a\n', 'an empty file is filled');
t.equal(
  unifiedDiff('x', 'a', 'a\n'),
  '--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n',
  'the last line’s end counts',
);
