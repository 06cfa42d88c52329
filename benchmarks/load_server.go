// A server that answers at once: gRPC's unary calls over HTTP/2 without TLS, and HTTP/1.1. Prints its port.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
)

func answer(writer http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	if request.ProtoMajor == 2 {
		writer.Header().Set("Content-Type", "application/grpc")
		writer.Header().Set("Trailer", "Grpc-Status")
		writer.Write(body)
		writer.Header().Set("Grpc-Status", "0")
		return
	}
	writer.Header().Set("Content-Length", fmt.Sprint(len(body)))
	writer.Write(body)
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: http.HandlerFunc(answer), Protocols: protocols}
	panic(server.Serve(listener))
}
