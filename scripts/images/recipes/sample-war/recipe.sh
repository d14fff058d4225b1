# podrun/sample-war:1, the image of examples/tomcat-war that holds the web application. It is in no registry: its source is the example's.
image=podrun/sample-war:1
pull=no
context=examples/tomcat-war/war
