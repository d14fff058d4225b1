# tomcat:10 (Debian's Tomcat 10.1 on OpenJDK 17), laid out like the public image but with a JRE in place of its JDK.
image=tomcat:10
