# Makes each system call that its input names, in a process of its own, and prints the number of the
# error that came back, 0 where there was none. A line is a number and its arguments, with tabs between
# them: numbers, `=text` for a pointer to text, `*N` for a pointer to N bytes of zero.
use strict;
use POSIX ();

$| = 1;
while (my $line = <STDIN>) {
  chomp $line;
  my @words = map { /^=(.*)/ ? "$1\0" : /^\*(\d+)/ ? "\0" x $1 : $_ + 0 } split /\t/, $line;
  my $pid = fork // die "fork: $!";
  if ($pid == 0) {
    my $answer = syscall(shift @words, @words);
    # Whatever the call has made of this process ends here, also a second one.
    POSIX::_exit($answer == -1 ? $! + 0 : 0);
  }
  waitpid $pid, 0;
  print $? & 127 ? 'killed' : $? >> 8, "\n";
}
