#!/usr/bin/perl
# A server for lessons 1 to 3, in Perl with its own modules only: PORT=8080 perl echo.pl 2
use strict;
use warnings;
use Digest::SHA qw(sha1_base64);
use IO::Socket::INET;
use Socket qw(SHUT_WR);

my $lesson   = shift // 3;
my $GUID     = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
my $PREFIX   = "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xbd\xd1\x8f\xd1\x82\xd0\xbe: ";
my $listener = IO::Socket::INET->new(
    LocalAddr => "127.0.0.1",
    LocalPort => $ENV{PORT} // 8080,
    Listen    => 64,
    ReuseAddr => 1,
) or die "cannot listen: $!";
$SIG{CHLD} = "IGNORE";
$SIG{TERM} = sub { exit 0 };

sub answer {
    my ($head) = @_;
    my ($request, @lines) = split /\r\n/, $head;
    my (undef, $path) = split / /, $request;
    my %headers = map { /^([^:]+):\s*(.*?)\s*$/ ? (lc $1, $2) : () } @lines;
    my $no = sub {
        my ($status, @more) = @_;
        return (join("\r\n", "HTTP/1.1 $status", "Connection: close", "Content-Length: 0", @more) . "\r\n\r\n", 0);
    };
    return $no->("400 Bad Request")
        unless lc($headers{upgrade} // "") eq "websocket" && ($headers{connection} // "") =~ /\bupgrade\b/i;
    my ($key, $version) = @headers{"sec-websocket-key", "sec-websocket-version"};
    return $no->("400 Bad Request") unless defined $key && defined $version;
    return $no->("426 Upgrade Required", "Sec-WebSocket-Version: 13") if $version ne "13";
    return $no->("404 Not Found") if $path ne "/ws";
    my @head = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade");
    return (join("\r\n", @head, "Sec-WebSocket-Accept: " . sha1_base64($key . $GUID) . "=") . "\r\n\r\n", 1);
}

my ($peer, $bytes);

sub take {
    my ($size) = @_;
    while (length $bytes < $size) {
        sysread($peer, $bytes, 65536, length $bytes) or die "gone\n";
    }
    return substr $bytes, 0, $size, "";
}

sub say_frame {
    my ($opcode, $payload) = @_;
    my $size = length $payload;
    my $head =
          $size < 126   ? pack("CC", 0x80 | $opcode, $size)
        : $size < 65536 ? pack("CCn", 0x80 | $opcode, 126, $size)
        :                 pack("CCQ>", 0x80 | $opcode, 127, $size);
    my $frame = $head . $payload;
    while (length $frame) {
        my $written = syswrite($peer, $frame) or die "gone\n";
        substr $frame, 0, $written, "";
    }
}

sub talk {
    my ($kind, $message) = (1, "");
    while (1) {
        my ($first, $second) = unpack "CC", take(2);
        my $size = $second & 127;
        $size = unpack "n",  take(2) if $size == 126;
        $size = unpack "Q>", take(8) if $size == 127;
        if (!($second & 128)) {
            take($size);
            return say_frame(8, pack "n", 1002);
        }
        my $key  = take(4);
        my $data = take($size);
        $data ^= substr $key x (1 + $size / 4), 0, $size;
        my $opcode = $first & 15;
        return say_frame(8, $data) if $opcode == 8;
        if ($opcode == 9) { say_frame(10, $data); next }
        next if $opcode == 10;
        ($kind, $message) = ($opcode, "") if $opcode;
        $message .= $data;
        next unless $first & 128;
        $kind == 1 ? say_frame(1, $PREFIX . $message) : say_frame(2, $message);
    }
}

while (1) {
    $peer = $listener->accept or next;
    next if fork;
    close $listener;
    $bytes = "";
    eval {
        while ($bytes !~ /\r\n\r\n/) {
            sysread($peer, $bytes, 4096, length $bytes) or die "gone\n";
        }
        $bytes =~ s/^(.*?)\r\n\r\n//s;
        my ($answer, $is_open) = answer($1);
        syswrite $peer, $answer;
        if ($is_open && $lesson == 1) {
            1 while sysread $peer, my $ignored, 4096;
        }
        talk() if $is_open && $lesson > 1;
    };
    shutdown $peer, SHUT_WR;
    $SIG{ALRM} = sub { exit 0 };
    alarm 1;
    1 while sysread $peer, my $rest, 4096;
    exit 0;
}
