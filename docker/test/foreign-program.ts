/**
 * A script in Perl that writes a program for x86-64 and runs it. The program makes one call, exit(42), by
 * `int 0x80`: the kernel's 32-bit interface, where the number of a call means another call.
 */
export function foreignProgram(): string {
  return `
    my $code = "\\xb8\\x01\\0\\0\\0\\xbb\\x2a\\0\\0\\0\\xcd\\x80";
    my ($base, $headers) = (0x400000, 64 + 56);
    my $size = $headers + length $code;
    my $elf = "\\x7fELF\\2\\1\\1" . "\\0" x 9;
    $elf .= pack 'SSLQQQLSSSSSS', 2, 62, 1, $base + $headers, 64, 0, 0, 64, 56, 1, 0, 0, 0;
    $elf .= pack 'LLQQQQQQ', 1, 5, 0, $base, $base, $size, $size, 4096;
    open my $file, '>', '/tmp/program' or die $!;
    print $file $elf . $code;
    close $file;
    chmod 0755, '/tmp/program';
    system '/tmp/program';
    print $? & 127 ? 'signal ' . ($? & 127) : 'exit ' . ($? >> 8), "\\n";
  `;
}
